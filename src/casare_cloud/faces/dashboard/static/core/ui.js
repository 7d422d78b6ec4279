// What every module draws with: preact, its hooks, signals, and templates bound to them.
import { h, render, Fragment, Component } from "../vendor/preact.js";
import { useState, useEffect, useRef, useMemo, useLayoutEffect } from "../vendor/hooks.js";
import { signal, computed, effect, batch } from "../vendor/signals.js";
import htm from "../vendor/htm.js";

export const html = htm.bind(h);
export { render, Fragment, Component, useState, useEffect, useRef, useMemo, useLayoutEffect, signal, computed, effect, batch };

export const base = new URL("..", import.meta.url).href;

// Of what runs, the ring turns and the mark in it stands still.
export const Icon = ({ name, spin }) => html`<svg class="i" viewBox="0 0 16 16" aria-hidden="true">${spin && name === "play" ? html`<use class="spin" href=${`${base}icons.svg#arc`} /><use href=${`${base}icons.svg#tip`} />` : html`<use href=${`${base}icons.svg#${name}`} />`}</svg>`;
