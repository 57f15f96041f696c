// dd.assert: the functions of Chai's assert (https://www.chaijs.com/api/assert/) that tests use.

import { expect } from "./expect.js";
import { strict } from "./strict.js";

// Each takes the value, then the number of arguments that is given, then perhaps a message.
const FUNCTIONS = {
  equal: [1, (it, wanted) => it.satisfy((value) => value == wanted)],
  notEqual: [1, (it, wanted) => it.satisfy((value) => value != wanted)],
  strictEqual: [1, (it, wanted) => it.equal(wanted)],
  notStrictEqual: [1, (it, wanted) => it.not.equal(wanted)],
  deepEqual: [1, (it, wanted) => it.eql(wanted)],
  notDeepEqual: [1, (it, wanted) => it.not.eql(wanted)],
  isOk: [0, (it) => it.ok],
  ok: [0, (it) => it.ok],
  isNotOk: [0, (it) => it.not.ok],
  notOk: [0, (it) => it.not.ok],
  isTrue: [0, (it) => it.true],
  isNotTrue: [0, (it) => it.not.true],
  isFalse: [0, (it) => it.false],
  isNotFalse: [0, (it) => it.not.false],
  isNull: [0, (it) => it.null],
  isNotNull: [0, (it) => it.not.null],
  isUndefined: [0, (it) => it.undefined],
  isDefined: [0, (it) => it.not.undefined],
  isNaN: [0, (it) => it.NaN],
  isNotNaN: [0, (it) => it.not.NaN],
  exists: [0, (it) => it.exist],
  notExists: [0, (it) => it.not.exist],
  isEmpty: [0, (it) => it.empty],
  isNotEmpty: [0, (it) => it.not.empty],
  isAbove: [1, (it, than) => it.above(than)],
  isAtLeast: [1, (it, than) => it.least(than)],
  isBelow: [1, (it, than) => it.below(than)],
  isAtMost: [1, (it, than) => it.most(than)],
  closeTo: [2, (it, wanted, delta) => it.closeTo(wanted, delta)],
  isString: [0, (it) => it.a("string")],
  isNumber: [0, (it) => it.a("number")],
  isBoolean: [0, (it) => it.a("boolean")],
  isObject: [0, (it) => it.an("object")],
  isArray: [0, (it) => it.an("array")],
  typeOf: [1, (it, type) => it.a(type)],
  instanceOf: [1, (it, type) => it.instanceof(type)],
  include: [1, (it, wanted) => it.include(wanted)],
  notInclude: [1, (it, wanted) => it.not.include(wanted)],
  deepInclude: [1, (it, wanted) => it.deep.include(wanted)],
  notDeepInclude: [1, (it, wanted) => it.not.deep.include(wanted)],
  match: [1, (it, pattern) => it.match(pattern)],
  notMatch: [1, (it, pattern) => it.not.match(pattern)],
  property: [1, (it, name) => it.property(name)],
  notProperty: [1, (it, name) => it.not.property(name)],
  propertyVal: [2, (it, name, wanted) => it.property(name, wanted)],
  nestedProperty: [1, (it, name) => it.nested.property(name)],
  nestedPropertyVal: [2, (it, name, wanted) => it.nested.property(name, wanted)],
  lengthOf: [1, (it, length) => it.lengthOf(length)],
  oneOf: [1, (it, list) => it.oneOf(list)],
  hasAllKeys: [1, (it, wanted) => it.all.keys(wanted)],
  hasAnyKeys: [1, (it, wanted) => it.any.keys(wanted)],
  containsAllKeys: [1, (it, wanted) => it.contain.all.keys(wanted)],
  sameMembers: [1, (it, wanted) => it.members(wanted)],
  sameDeepMembers: [1, (it, wanted) => it.deep.members(wanted)],
  includeMembers: [1, (it, wanted) => it.include.members(wanted)],
  throws: [2, (it, ...wanted) => it.throw(...wanted)],
  doesNotThrow: [2, (it, ...wanted) => it.not.throw(...wanted)],
};

const known = Object.entries(FUNCTIONS).map(([name, [arity, check]]) => [
  name,
  (value, ...given) => void check(expect(value, given[arity]), ...given.slice(0, arity)),
]);

export const assert = strict(
  "dd.assert",
  Object.assign((value, message) => void expect(value, message).ok, Object.fromEntries(known), {
    fail: (message) => void expect(undefined, message).exist,
  }),
);
