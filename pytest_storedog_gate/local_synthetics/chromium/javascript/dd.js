// Runs the script of a test with `dd` and `std`, and tells what came of it.

import { assert } from "./assert.js";
import { AssertionError, addShould, asserted, expect } from "./expect.js";
import { std } from "./std.js";
import { Unknown, strict } from "./strict.js";

// `response` is null where there is none yet. The answer: `held`, how many assertions held; `read`
// and `set`, the variables, and whether each that was set is secret; or `error`, why it failed, and
// whether it asked for something `unknown` here.
export async function run({ variables, response }) {
  const read = new Set();
  const set = new Map();
  const late = [];
  addEventListener("unhandledrejection", ({ reason }) => late.push(reason));
  addEventListener("error", ({ error, message }) => late.push(error ?? message));
  addShould();
  globalThis.std = std;
  globalThis.dd = strict("dd", {
    assert,
    expect,
    variable: strict("dd.variable", variablesOf(variables, read, set)),
    ...(response && { response: responseOf(response) }),
  });
  try {
    await import("./script.js");
    // A promise that nobody awaited may have failed by now.
    await new Promise((turn) => setTimeout(turn));
    for (const reason of late) throw reason;
    if (asserted.begun.size) throw new Error("an expect was begun and asserts nothing");
  } catch (error) {
    return { error: told(error), unknown: error instanceof Unknown };
  }
  const given = [...set].map(([name, { value, secret }]) => [name, value, secret]);
  return { held: asserted.held, read: [...read], set: given };
}

function variablesOf(variables, read, set) {
  const put = (name, value, secret) => {
    if (!/^\w+$/.test(name)) throw new TypeError(`${JSON.stringify(name)} is no variable's name`);
    const text = typeof value === "string" ? value : JSON.stringify(value);
    if (text === undefined || value === null || Number.isNaN(value)) {
      throw new TypeError(`dd.variable.set: ${name} is given ${value}`);
    }
    set.set(name, { value: text, secret });
  };
  return {
    get(name) {
      if (set.has(name)) return set.get(name).value;
      if (!Object.hasOwn(variables, name)) throw new Error(`variable ${name} has no value`);
      read.add(name);
      return variables[name];
    },
    set: (name, value) => put(name, value, false),
    setObfuscated: (name, value) => put(name, value, true),
  };
}

function responseOf({ statusCode, body, headers }) {
  // Names of headers are in lower case; they are found in any.
  const found = (name) => {
    const lower = String(name).toLowerCase();
    return Object.hasOwn(headers, lower) ? lower : name;
  };
  const anyCase = {
    get: (target, name) => target[found(name)],
    has: (target, name) => found(name) in target,
    getOwnPropertyDescriptor: (target, name) =>
      Object.getOwnPropertyDescriptor(target, found(name)),
  };
  return strict("dd.response", { statusCode, body, headers: new Proxy(headers, anyCase) });
}

function told(error) {
  if (!(error instanceof Error)) return String(error);
  const ours = error instanceof AssertionError || error instanceof Unknown;
  const text = ours ? error.message : `${error.name}: ${error.message}`;
  const line = /\/script\.js:(\d+)/.exec(error.stack);
  return line ? `${text} (line ${line[1]})` : text;
}
