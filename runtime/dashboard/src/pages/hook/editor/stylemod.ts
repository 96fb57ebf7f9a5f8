// CodeMirror's style sheets as constructed ones, which a strict CSP lets pass. build.mjs puts this in the place of `style-mod`.
import { StyleModule as Written } from "style-mod";

/** `style-mod` takes this way for a shadow root only; so the document looks like one to it. */
const sheets = {
  ownerDocument: document,
  get adoptedStyleSheets() {
    return document.adoptedStyleSheets;
  },
  set adoptedStyleSheets(all: CSSStyleSheet[]) {
    document.adoptedStyleSheets = all;
  },
};

export class StyleModule extends Written {
  static override mount(root: Document | ShadowRoot, modules: Written | readonly Written[]): void {
    Written.mount(root === document ? (sheets as unknown as ShadowRoot) : root, modules);
  }
}
