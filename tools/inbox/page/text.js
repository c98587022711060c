// The page in English or Chinese: by the browser's language, or as it was chosen.

import { ZH } from "./zh.js";

const CHOSEN = "language";

let language = localStorage.getItem(CHOSEN) ?? navigator.language;

export const isChinese = () => language.startsWith("zh");

export function choose(chosen) {
  language = chosen;
  localStorage.setItem(CHOSEN, chosen);
}

/**
 * A text in the page's language. Texts are known by their English, with `{}` for each value; a translation may name
 * the values by their numbers. With an element among the values it is a list of texts and elements.
 */
export function t(parts, ...values) {
  const english = typeof parts === "string" ? parts : parts.join("{}");
  if (isChinese() && !(english in ZH)) console.warn(`no Chinese for ${english}`);
  let next = 0;
  const pieces = ((isChinese() && ZH[english]) || english).split(/(\{\d?\})/).map((piece) =>
    /^\{\d?\}$/.test(piece) ? values[piece === "{}" ? next++ : Number(piece[1])] : piece);
  return values.some((value) => value instanceof Node) ? pieces : pieces.join("");
}
