// What is deeply equal, what type a value has, and how it is shown.

export function typeOf(value) {
  return Object.prototype.toString.call(value).slice(8, -1).toLowerCase();
}

export function same(left, right) {
  if (Object.is(left, right)) return true;
  const type = typeOf(left);
  if (type !== typeOf(right) || typeof left !== "object" || typeof right !== "object") return false;
  switch (type) {
    case "boolean":
    case "number":
    case "string":
    case "date":
      return Object.is(left.valueOf(), right.valueOf());
    case "regexp":
      return String(left) === String(right);
    case "error":
      return left.name === right.name && left.message === right.message;
    case "promise":
      return false;
    case "map":
      return (
        left.size === right.size &&
        [...left].every(([key, value]) => right.has(key) && same(value, right.get(key)))
      );
    case "set":
      return left.size === right.size && equallyFilled([...left], [...right]);
    case "arraybuffer":
      return same(new Uint8Array(left), new Uint8Array(right));
    default:
      return sameKeys(left, right);
  }
}

// Whether each element of one list has its own equal in the other, of the same length.
export function equallyFilled(left, right, equal = same) {
  const rest = [...right];
  return left.every((one) => {
    const index = rest.findIndex((other) => equal(one, other));
    if (index >= 0) rest.splice(index, 1);
    return index >= 0;
  });
}

export function show(value) {
  switch (typeOf(value)) {
    case "string":
      return JSON.stringify(value);
    case "function":
    case "asyncfunction":
      return `[function ${value.name || "without a name"}]`;
    case "map":
    case "set":
      return `${typeOf(value)} of ${show([...value])}`;
    case "bigint":
    case "error":
    case "number":
    case "regexp":
    case "symbol":
      return String(value);
    default:
      try {
        return JSON.stringify(value) ?? String(value);
      } catch {
        return `[${typeOf(value)}]`;
      }
  }
}

// Inherited ones as well, as Chai has it.
function keysOf(value) {
  const keys = Object.getOwnPropertySymbols(value).filter((key) =>
    Object.prototype.propertyIsEnumerable.call(value, key),
  );
  for (const key in value) keys.push(key);
  return keys;
}

function sameKeys(left, right) {
  const [keys, others] = [keysOf(left), keysOf(right)];
  return (
    keys.length === others.length &&
    keys.every((key) => others.includes(key) && same(left[key], right[key]))
  );
}
