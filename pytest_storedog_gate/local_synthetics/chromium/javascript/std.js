// std: the encodings of Deno's standard library (https://jsr.io/@std/encoding) that scripts use.

import { strict } from "./strict.js";

function bytesOf(data) {
  if (typeof data === "string") return new TextEncoder().encode(data);
  if (!ArrayBuffer.isView(data)) return new Uint8Array(data);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

const encodeHex = (data) =>
  Array.from(bytesOf(data), (byte) => byte.toString(16).padStart(2, "0")).join("");

function decodeHex(text) {
  if (!/^(?:[0-9a-f]{2})*$/i.test(text)) throw new TypeError("not hexadecimal");
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

const encodeBase64 = (data) =>
  btoa(Array.from(bytesOf(data), (byte) => String.fromCharCode(byte)).join(""));
const decodeBase64 = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

const encodeBase64Url = (data) =>
  encodeBase64(data).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const decodeBase64Url = (text) => decodeBase64(text.replaceAll("-", "+").replaceAll("_", "/"));

export const std = strict("std", {
  encoding: strict("std.encoding", {
    hex: strict("std.encoding.hex", { encodeHex, decodeHex }),
    base64: strict("std.encoding.base64", {
      encodeBase64, decodeBase64, encode: encodeBase64, decode: decodeBase64,
    }),
    base64url: strict("std.encoding.base64url", {
      encodeBase64Url, decodeBase64Url, encode: encodeBase64Url, decode: decodeBase64Url,
    }),
  }),
});
