// Objects that know what they hold: a word that is not known is an error, never undefined.

// What the language itself asks any object for.
const ASKED = new Set(["then", "toJSON", "toString", "valueOf", "constructor"]);

export class Unknown extends TypeError {
  constructor(word) {
    super(`${word} is not known to the local service`);
  }
}

export function strict(name, known) {
  return new Proxy(known, {
    get(target, key) {
      if (typeof key === "symbol" || ASKED.has(key)) return target[key];
      if (!Object.hasOwn(target, key)) {
        throw new Unknown(`${name}.${key}`);
      }
      return target[key];
    },
    set(_target, key) {
      throw new TypeError(`${name}.${String(key)} cannot be set`);
    },
  });
}
