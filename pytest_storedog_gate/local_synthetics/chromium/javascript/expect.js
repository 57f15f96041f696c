// dd.expect: the words of Chai's expect (https://www.chaijs.com/api/bdd/) that tests use.
//
// A word that is not known is an error, so that no assertion is passed over.

import { equallyFilled, same, show, typeOf } from "./equality.js";
import { Unknown } from "./strict.js";

export class AssertionError extends Error {
  name = "AssertionError";
}

// What was asserted so far: how often with success, and what was begun without being ended.
export const asserted = { held: 0, begun: new Set() };

const LINKS = new Set([
  "to", "be", "been", "is", "that", "which", "and", "has", "have", "with", "at", "of", "same",
  "but", "does", "still", "also",
]);
const FLAGS = new Set(["not", "deep", "nested", "own", "ordered", "any", "all"]);

const PROPERTIES = {
  ok: (it) => it.check(it.value, "to be truthy"),
  true: (it) => it.check(it.value === true, "to be true"),
  false: (it) => it.check(it.value === false, "to be false"),
  null: (it) => it.check(it.value === null, "to be null"),
  undefined: (it) => it.check(it.value === undefined, "to be undefined"),
  NaN: (it) => it.check(Number.isNaN(it.value), "to be NaN"),
  finite: (it) => it.check(Number.isFinite(it.value), "to be a finite number"),
  exist: (it) => it.check(it.value !== null && it.value !== undefined, "to exist"),
  empty: (it) => it.check(sizeOf(it) === 0, "to be empty"),
};

// Of each method: how many arguments it takes before the message, and what it does with them.
const METHODS = {
  equal: [1, (it, wanted) => it.check(it.equal(it.value, wanted), `to equal ${show(wanted)}`)],
  eql: [1, (it, wanted) => it.check(same(it.value, wanted), `to deeply equal ${show(wanted)}`)],
  above: [1, (it, than) => it.check(ordered(it, than) > than, `to be above ${show(than)}`)],
  least: [1, (it, than) => it.check(ordered(it, than) >= than, `to be at least ${show(than)}`)],
  below: [1, (it, than) => it.check(ordered(it, than) < than, `to be below ${show(than)}`)],
  most: [1, (it, than) => it.check(ordered(it, than) <= than, `to be at most ${show(than)}`)],
  within: [2, (it, low, high) => {
    const value = ordered(it, low, high);
    it.check(value >= low && value <= high, `to be within ${show(low)}..${show(high)}`);
  }],
  closeTo: [2, (it, wanted, delta) => {
    it.needs([it.value, wanted, delta].every((one) => typeOf(one) === "number"), "numbers");
    const close = Math.abs(it.value - wanted) <= delta;
    it.check(close, `to be close to ${show(wanted)} +/- ${show(delta)}`);
  }],
  match: [1, (it, pattern) => {
    it.needs(pattern instanceof RegExp, "a regular expression");
    it.needs(it.value !== null && it.value !== undefined, "a text");
    it.check(new RegExp(pattern).test(it.value), `to match ${pattern}`);
  }],
  string: [1, (it, part) => {
    it.needs(typeof it.value === "string" && typeof part === "string", "strings");
    it.needs(part !== "", "a part that not every text has");
    it.check(it.value.includes(part), `to contain ${show(part)}`);
  }],
  a: [1, (it, type) => {
    it.needs(typeof type === "string", "the name of a type");
    const own = typeof it.value === "function" ? "function" : typeOf(it.value);
    it.check([own, typeOf(it.value)].includes(type.toLowerCase()), `to be of type ${type}`);
  }],
  include: [1, include],
  lengthOf: [1, (it, length) => {
    it.needs(typeof length === "number", "a number");
    it.check(lengthOf(it) === length, `to have length ${show(length)}, and not ${lengthOf(it)},`);
  }],
  property: [2, property],
  ownProperty: [2, (it, ...given) => {
    it.flags.add("own");
    property(it, ...given);
  }],
  keys: [Infinity, keys],
  members: [1, members],
  oneOf: [1, (it, list) => {
    it.needs(Array.isArray(list), "a list");
    const held = it.flags.has("contain")
      ? list.some((one) => it.value.includes(one))
      : list.some((one) => it.equal(it.value, one));
    it.check(held, `to be one of ${show(list)}`);
  }],
  instanceof: [1, (it, type) => {
    it.needs(typeof type === "function", "a constructor");
    it.check(it.value instanceof type, `to be an instance of ${type.name}`);
  }],
  satisfy: [1, (it, rule) => {
    const held = rule(it.value);
    it.needs(!(held instanceof Promise), "a rule that answers at once");
    it.check(held, `to satisfy ${show(rule)}`);
  }],
  throw: [2, throws],
};

const ALIASES = {
  equals: "equal", eq: "equal", eqls: "eql",
  gt: "above", greaterThan: "above", gte: "least", greaterThanOrEqual: "least",
  lt: "below", lessThan: "below", lte: "most", lessThanOrEqual: "most",
  approximately: "closeTo", matches: "match", an: "a",
  haveOwnProperty: "ownProperty", includes: "include", contain: "include", contains: "include", length: "lengthOf",
  key: "keys", instanceOf: "instanceof", satisfies: "satisfy", throws: "throw", Throw: "throw",
};

// Methods that are also links of the chain, and the flag that they set as such.
const ALSO_LINKS = { a: null, include: "contain", lengthOf: "length" };

class Expectation {
  constructor(value, message) {
    Object.assign(this, { value, message, flags: new Set() });
    asserted.begun.add(this);
  }

  equal(left, right) {
    return this.flags.has("deep") ? same(left, right) : left === right;
  }

  check(held, text) {
    this.needs(!(this.value instanceof Promise), "what comes of the promise: await it");
    asserted.begun.delete(this);
    const not = this.flags.has("not");
    const wanted = not ? `not ${text}` : text;
    if (Boolean(held) === not) this.fail(`expected ${show(this.value)} ${wanted}`);
    asserted.held += 1;
  }

  needs(condition, what) {
    if (!condition) this.fail(`the assertion on ${show(this.value)} needs ${what}`);
  }

  fail(text) {
    asserted.begun.delete(this);
    throw new AssertionError(this.message === undefined ? text : `${this.message}: ${text}`);
  }
}

export function expect(value, message) {
  return chain(new Expectation(value, message));
}

// The one object that stands for all words of an expectation: it is called, too, after a property.
function chain(it) {
  const self = new Proxy(() => self, {
    get(_target, word) {
      // `await` and the like ask every object for these.
      if (typeof word === "symbol" || word === "then") return undefined;
      const name = Object.hasOwn(ALIASES, word) ? ALIASES[word] : word;
      if (LINKS.has(name)) return self;
      if (FLAGS.has(name)) {
        it.flags.add(name);
        return self;
      }
      if (Object.hasOwn(PROPERTIES, name)) {
        PROPERTIES[name](it);
        return self;
      }
      if (Object.hasOwn(METHODS, name)) return method(it, name, self);
      throw new Unknown(`"${word}", a word after dd.expect,`);
    },
  });
  return self;
}

function method(it, name, self) {
  const [arity, assert] = METHODS[name];
  // A word before may have asserted something: this one has not until it is called.
  asserted.begun.add(it);
  const call = (...given) => {
    if (given.length > arity) it.message = given.pop();
    assert(it, ...given);
    return self;
  };
  if (!Object.hasOwn(ALSO_LINKS, name)) return call;
  return new Proxy(call, {
    get(_target, word) {
      if (ALSO_LINKS[name]) it.flags.add(ALSO_LINKS[name]);
      return self[word];
    },
  });
}

function sizeOf(it) {
  const { value } = it;
  if (typeof value === "string" || Array.isArray(value)) return value.length;
  const counted = !["weakmap", "weakset", "promise"].includes(typeOf(value));
  it.needs(value !== null && typeof value === "object" && counted, "something that can be empty");
  return value instanceof Map || value instanceof Set ? value.size : Object.keys(value).length;
}

function lengthOf(it) {
  const { value } = it;
  const length = value instanceof Map || value instanceof Set ? value.size : value?.length;
  it.needs(typeof length === "number", "something that has a length");
  return length;
}

// What is compared with the limits: numbers or dates, or a length with numbers.
function ordered(it, ...limits) {
  const value = it.flags.has("length") ? lengthOf(it) : it.value;
  const types = [value, ...limits].map(typeOf);
  const numbers = types.every((type) => ["number", "bigint"].includes(type));
  it.needs(numbers || types.every((type) => type === "date"), "numbers, or dates");
  return value;
}

function include(it, wanted) {
  const { value } = it;
  const text = `to include ${show(wanted)}`;
  if (typeOf(value) === "string") {
    it.needs(String(wanted) !== "", "a part that not every text has");
    return it.check(value.indexOf(wanted) !== -1, text);
  }
  if (Array.isArray(value) || value instanceof Set || value instanceof Map) {
    const list = Array.isArray(value) ? value : [...value.values()];
    return it.check(list.some((one) => it.equal(one, wanted)), text);
  }
  const objects = [value, wanted].every((one) => one !== null && typeof one === "object");
  it.needs(objects, "a string, a list or an object of properties");
  it.needs(Object.keys(wanted).length > 0, "at least one property");
  const held = Object.entries(wanted).every(([name, one]) => {
    const found = lookUp(it, name);
    return found.there && it.equal(found.value, one);
  });
  return it.check(held, text);
}

function property(it, name, ...wanted) {
  it.needs(it.value !== null && it.value !== undefined, "something that has properties");
  const nested = it.flags.has("nested");
  const types = nested ? ["string"] : ["string", "number", "symbol"];
  it.needs(types.includes(typeof name) && !(nested && name === ""), "a property's name");
  const found = lookUp(it, name);
  const text = `to have property ${show(name)}`;
  if (wanted.length === 0) it.check(found.there, text);
  else it.check(found.there && it.equal(found.value, wanted[0]), `${text} of ${show(wanted[0])}`);
  // The words after it are about the property.
  it.value = found.value;
}

function lookUp(it, name) {
  const path = it.flags.has("nested") ? pathOf(String(name)) : [name];
  let { value } = it;
  for (const key of path) {
    if (value === null || value === undefined) return { there: false, value: undefined };
    const there = it.flags.has("own") ? Object.hasOwn(Object(value), key) : key in Object(value);
    if (!there) return { there: false, value: undefined };
    value = value[key];
  }
  return { there: true, value };
}

// "a.b[0]" is a, b, 0; a backslash takes the meaning from a dot or a bracket.
function pathOf(name) {
  const parts = name.match(/\[\d+\]|(?:\\.|[^.[\\])+/g) ?? [];
  return parts.map((part) => part.replace(/^\[(\d+)\]$/, "$1").replace(/\\(.)/g, "$1"));
}

function keys(it, ...given) {
  const [first] = given;
  const byKey = it.value instanceof Map || it.value instanceof Set;
  const listed = given.length === 1 && Array.isArray(first);
  const named = given.length === 1 && !byKey && first !== null && typeof first === "object";
  const wanted = listed ? first : named ? Object.keys(first) : given;
  it.needs(wanted.length > 0, "at least one key");
  it.needs(it.value !== null && typeof it.value === "object", "an object");
  const there = byKey ? [...it.value.keys()] : Object.keys(it.value);
  const has = (key) => there.some((one) => it.equal(one, byKey ? key : String(key)));
  const exact = it.flags.has("contain") || there.length === wanted.length;
  const held = it.flags.has("any") ? wanted.some(has) : exact && wanted.every(has);
  it.check(held, `to have ${it.flags.has("any") ? "any of the" : "the"} keys ${show(wanted)}`);
}

function members(it, wanted) {
  it.needs([it.value, wanted].every((one) => Symbol.iterator in Object(one)), "lists");
  [it.value, wanted] = [[...it.value], [...wanted]];
  const part = it.flags.has("contain");
  const equal = (left, right) => it.equal(left, right);
  const held =
    (part || it.value.length === wanted.length) &&
    (it.flags.has("ordered")
      ? wanted.every((one, index) => index in it.value && equal(it.value[index], one))
      : part
        ? wanted.every((one) => it.value.some((other) => equal(other, one)))
        : equallyFilled(wanted, it.value, equal));
  it.check(held, `to ${part ? "include" : "have"} the members ${show(wanted)}`);
}

function throws(it, wanted, text) {
  it.needs(typeof it.value === "function", "a function");
  if (typeof wanted === "string" || wanted instanceof RegExp) [wanted, text] = [undefined, wanted];
  const error = wanted === undefined || wanted instanceof Error || wanted?.prototype !== undefined;
  it.needs(error, "an error, a kind of error or a text");
  let answer, thrown, threw = false;
  try {
    answer = it.value();
  } catch (error) {
    [thrown, threw] = [error, true];
  }
  it.needs(!(answer instanceof Promise), "a function that answers with no promise");
  const said = String(thrown?.message ?? thrown);
  const held =
    threw &&
    (wanted === undefined || thrown === wanted ||
      (typeof wanted === "function" && thrown instanceof wanted)) &&
    (text === undefined || (text instanceof RegExp ? text.test(said) : said.includes(text)));
  const what = [wanted && (wanted.name ?? show(wanted)), text && show(text)].filter(Boolean);
  it.check(held, `to throw ${what.join(" ") || "an error"}`);
  it.value = thrown;
}

// The style `value.should.equal(1)`.
export function addShould() {
  Object.defineProperty(Object.prototype, "should", {
    get() {
      return expect(this);
    },
    configurable: true,
  });
}
