// What every module draws with: preact, its hooks, signals, and templates bound to them.
import { h, render, Fragment, Component } from "../vendor/preact.js";
import { useState, useEffect, useRef, useMemo, useLayoutEffect } from "../vendor/hooks.js";
import { signal, computed, effect, batch } from "../vendor/signals.js";
import htm from "../vendor/htm.js";

export const html = htm.bind(h);
export { render, Fragment, Component, useState, useEffect, useRef, useMemo, useLayoutEffect, signal, computed, effect, batch };

export const base = new URL("..", import.meta.url).href;

export const Icon = ({ name, spin, title }) => html`<svg class=${spin ? "i spin" : "i"} aria-hidden=${title ? null : "true"} aria-label=${title}><use href=${`${base}icons.svg#${name}`} /></svg>`;
