/**
 * The web client's views: what stands for somebody where there is no picture: their letters, on a colour that is theirs.
 */
import { hueOf, initials } from "../model/words.ts";

/** As many colours as the stylesheet has. */
const HUES = 8;

/** Letters on a colour. The name stands beside it, so it is not read aloud. */
export function Avatar({ name, isOnline = false }: { readonly name: string; readonly isOnline?: boolean }) {
  return (
    <span class={`avatar hue-${hueOf(name, HUES)}`} aria-hidden="true">
      {initials(name)}
      {isOnline && <span class="online" />}
    </span>
  );
}
