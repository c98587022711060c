// The page in English or Chinese: by the browser's language, or as it was chosen.

import { ZH } from "./zh.js";

const CHOSEN = "language";
let isChinese = (localStorage.getItem(CHOSEN) ?? navigator.language).startsWith("zh");

export const language = () => (isChinese ? "zh" : "en");

export function choose(chosen) {
  localStorage.setItem(CHOSEN, chosen);
  isChinese = chosen === "zh";
  translatePage();
}

/**
 * A text in the page's language. Texts are known by their English, with `{}` for each value; a translation may name
 * the values by their numbers. With an element among the values it is a list of texts and elements.
 */
export function t(parts, ...values) {
  const english = typeof parts === "string" ? parts : parts.join("{}");
  if (isChinese && !(english in ZH)) console.warn(`no Chinese for ${english}`);
  let next = 0;
  const pieces = ((isChinese && ZH[english]) || english).split(/(\{\d?\})/).map((piece) =>
    /^\{\d?\}$/.test(piece) ? values[piece === "{}" ? next++ : Number(piece[1])] : piece);
  return values.some((value) => value instanceof Node) ? pieces : pieces.join("");
}

/** A sentence of the server's, whose numbers are its values. */
export function said(text) {
  const numbers = text.match(/\d+/g) ?? [];
  return t(text.replace(/\d+/g, "{}").split("{}"), ...numbers);
}

/** The texts that stand in the page from the beginning. */
export function translatePage() {
  document.documentElement.lang = isChinese ? "zh-CN" : "en";
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", t(element.dataset.label));
  for (const element of document.querySelectorAll("[data-hint]")) element.placeholder = t(element.dataset.hint);
}
