/**
 * Test support: what runs inside a browser's page, as text, because the project compiles without the types of a page.
 * A page's own policy stops scripts of the page; these come in through the driver.
 */
import type { Page } from "playwright-core";

/** Where the keyboard is, in the words of the page, and whether one can see that. */
export interface Stop {
  readonly name: string;
  readonly isOutlined: boolean;
  readonly isInView: boolean;
}

/** The element that the keyboard is at. */
export function whereAmI(page: Page): Promise<Stop> {
  return page.evaluate<Stop>(`(() => {
    const element = document.activeElement;
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    const { top, bottom, left, right } = element.getBoundingClientRect();
    const label = element.labels?.[0]?.textContent;
    return {
      name: (label ?? element.textContent).trim(),
      isOutlined: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
      isInView: bottom > 0 && top < innerHeight && right > 0 && left < innerWidth,
    };
  })()`);
}

/** By how many pixels the page is wider than its window. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate<number>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
}

/** What is meant to be hit with a finger and is smaller than WCAG asks. */
export function smallTargets(page: Page): Promise<readonly string[]> {
  return page.evaluate<string[]>(`
    [...document.querySelectorAll("button, input:not([type=hidden]), textarea, summary")]
      .filter((target) => {
        const { width, height } = target.getBoundingClientRect();
        return width > 0 && (width < 24 || height < 24);
      })
      .map((target) => target.outerHTML)
  `);
}

/** How light the ground of the page is, from 0 to 765. */
export function lightness(page: Page): Promise<number> {
  return page.evaluate<number>(`
    getComputedStyle(document.documentElement).backgroundColor.match(/\\d+/g).reduce((sum, one) => sum + Number(one), 0)
  `);
}

/** Looks out for a text in the page from now on; what it gives says whether it was ever there. */
export async function watchFor(page: Page, text: string): Promise<() => Promise<boolean>> {
  await page.evaluate(`
    document.watchedFor = false;
    new MutationObserver(() => {
      document.watchedFor ||= document.body.textContent.includes(${JSON.stringify(text)});
    }).observe(document.body, { childList: true, subtree: true, characterData: true });
  `);
  return () => page.evaluate<boolean>("document.watchedFor");
}
