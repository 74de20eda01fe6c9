/** Building blocks of the markup: tables, lists of facts, and the rendering of markup to text, which escapes all values. */
import { html } from 'htm/preact';
import type { ComponentChildren, VNode } from 'preact';
import { render } from 'preact-render-to-string';

export { html };

export type Markup = VNode;

export interface TableColumn {
  readonly heading: string;
  /** Values are aligned at the right. */
  readonly isNumber?: true;
}

export interface TableRow {
  readonly cells: readonly ComponentChildren[];
  /** Appearance: a row that needs attention. */
  readonly tone?: 'warning' | 'bad' | undefined;
}

/**
 * Table with a heading for each column; the first cell of a row is its heading. On a narrow screen each row becomes a
 * block of lines with the column headings at the left, so the roles are written out: a changed `display` removes them.
 */
export function table(caption: string, columns: readonly TableColumn[], rows: readonly TableRow[]): Markup {
  const classOf = (index: number): string | undefined => (columns[index]?.isNumber ? 'number' : undefined);
  return html`<table role="table">
    <caption>${caption}</caption>
    <thead role="rowgroup">
      <tr role="row">
        ${columns.map(({ heading }, index) => html`<th role="columnheader" scope="col" class=${classOf(index)}>${heading}</th>`)}
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${rows.map(
        ({ cells, tone }) => html`<tr role="row" class=${tone}>
          ${cells.map((cell, index) =>
            index === 0
              ? html`<th role="rowheader" scope="row">${cell}</th>`
              : html`<td role="cell" class=${classOf(index)} data-heading=${columns[index]?.heading}>${cell}</td>`,
          )}
        </tr>`,
      )}
    </tbody>
  </table>`;
}

/** Table of few columns that keeps its form on a narrow screen. */
export function plainTable(caption: string, headings: readonly string[], rows: readonly (readonly string[])[]): Markup {
  return html`<table class="plain">
    <caption>${caption}</caption>
    <thead><tr>${headings.map((heading) => html`<th scope="col">${heading}</th>`)}</tr></thead>
    <tbody>
      ${rows.map(
        ([first, ...others]) =>
          html`<tr><th scope="row">${first}</th>${others.map((value) => html`<td>${value}</td>`)}</tr>`,
      )}
    </tbody>
  </table>`;
}

/** Facts with their names. */
export function factList(facts: readonly (readonly [name: string, value: ComponentChildren])[]): Markup {
  return html`<dl>${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

/** @returns HTML in which every value is escaped */
export function markupText(markup: Markup): string {
  return render(markup);
}
