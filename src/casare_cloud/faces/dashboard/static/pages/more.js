// On a small screen: the pages that the bar at the bottom has no place for.
import { html, Icon } from "../core/ui.js";
import { ORGANIZATION, PAGES } from "../core/nav.js";
import { link, useTitle } from "../core/router.js";
import { can } from "../core/session.js";
import { Head } from "../parts/basic.js";

export default function More() {
  useTitle("More");
  return html`<${Head} title="More" /><ul class="card menu">${[...PAGES, ...ORGANIZATION].filter(([path, , , permission]) => path && (!permission || can(permission))).map(([path, icon, word]) => html`<li><a href=${link([path])}><${Icon} name=${icon} />${word}</a></li>`)}</ul>`;
}
