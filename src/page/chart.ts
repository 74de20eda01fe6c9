/**
 * Chart as SVG without script: lines over time, with a legend, a sentence with the last and the largest value, and the
 * values as a table. Colours come from the style sheet, so that the chart follows light, dark and print.
 */
import { scaleLinear, scaleUtc } from 'd3-scale';
import { area, line } from 'd3-shape';
import { type ChartPoint, chartPoints, showsPeaks } from './chart-points.ts';
import { axisTimeWords, minuteWords, tickWords } from './chart-words.ts';
import { html, type Markup, plainTable } from './markup.ts';
import type { PageHistory, PageSeries } from './page-content.ts';

export interface ChartPlan {
  /** Unique in the page; letters, digits and hyphens. */
  readonly id: string;
  readonly title: string;
  readonly lines: readonly { readonly label: string; readonly series: PageSeries }[];
}

/** Size of the drawing; the browser scales the drawing to the width of its column. */
const [WIDTH, HEIGHT] = [360, 150];
const MARGIN = { top: 8, right: 18, bottom: 20, left: 52 };
/** Largest number of points of a line: the drawing has 298 units of width. */
const POINTS_MAX = 200;
/** Largest number of rows of the table beside a chart. */
const ROWS_MAX = 60;
const Y_TICKS = 3;
const X_TICKS = 4;

export function chart({ id, title, lines }: ChartPlan, step: PageHistory['step']): Markup {
  const unit = lines[0]?.series.unit ?? '';
  const drawn = lines.map(({ label, series }) => ({ label, series, points: chartPoints(series, POINTS_MAX) }));
  return html`<figure class="chart">
    <figcaption id=${`${id}-title`}><strong>${title}</strong> <span class="unit">${unitsOf(lines)}</span></figcaption>
    ${drawing(id, unit, drawn)}
    <ul class="legend">
      ${drawn.map(
        ({ label, series, points }, index) =>
          html`<li class=${`line-${index}`}><svg class="key" viewBox="0 0 20 6" aria-hidden="true"><path class="line" d="M0,3L20,3" /></svg> ${label}: ${summary(series, points)}</li>`,
      )}
    </ul>
    <details>
      <summary>Values of “${title}”</summary>
      ${values(title, unit, lines, step)}
    </details>
  </figure>`;
}

interface DrawnLine {
  readonly label: string;
  readonly series: PageSeries;
  readonly points: readonly ChartPoint[];
}

function drawing(id: string, unit: string, drawn: readonly DrawnLine[]): Markup {
  const times = drawn.flatMap(({ points }) => points.map(({ atMs }) => atMs));
  const [from = 0, until = 1] = [least(times), most(times)];
  const values = drawn.flatMap(({ points }) => points.flatMap(({ value }) => value ?? []));
  const lowest = least(values) ?? 0;
  const bottom = unit === 'C' ? lowest - 1 : Math.min(0, lowest);
  const top = unit === 'share' ? 1 : Math.max(most(values) ?? 0, unit.startsWith('messages') ? 1 : 0);
  const x = scaleUtc([from, until], [MARGIN.left, WIDTH - MARGIN.right]);
  const factor = tickFactor(top, unit);
  const y = scaleLinear(
    [bottom / factor, (top > bottom ? top : bottom + 1) / factor],
    [HEIGHT - MARGIN.bottom, MARGIN.top],
  ).nice(Y_TICKS);
  const place = {
    x: ({ atMs }: ChartPoint): number => round(x(atMs)),
    y: ({ value }: ChartPoint): number => round(y((value ?? 0) / factor)),
    isDrawn: ({ value }: ChartPoint): boolean => value !== null,
  };
  const pathOf = line<ChartPoint>().defined(place.isDrawn).x(place.x).y(place.y);
  const areaOf = area<ChartPoint>()
    .defined(place.isDrawn)
    .x(place.x)
    .y0(HEIGHT - MARGIN.bottom)
    .y1(place.y);
  const single = drawn.length === 1 ? drawn[0] : undefined;
  return html`<svg class="plot" viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-labelledby=${`${id}-title`}>
    ${y.ticks(Y_TICKS).map(
      (value) => html`<g>
        <path class="grid" d=${`M${MARGIN.left},${round(y(value))}H${WIDTH - MARGIN.right}`} />
        <text class="tick" x=${MARGIN.left - 5} y=${round(y(value)) + 4} text-anchor="end">${tickWords(value * factor, unit)}</text>
      </g>`,
    )}
    ${x
      .ticks(X_TICKS)
      .map(
        (at) =>
          html`<text class="tick" x=${round(x(at))} y=${HEIGHT - 5} text-anchor="middle">${axisTimeWords(at.getTime(), until - from)}</text>`,
      )}
    ${single && html`<path class="area" d=${areaOf([...single.points])} />`}
    ${drawn.map(({ points }, index) => html`<path class=${`line line-${index}`} d=${pathOf(withDots(points))} />`)}
  </svg>`;
}

/** Unit of the ticks: KiB, MiB and so on for bytes, so that the ticks are round numbers. */
function tickFactor(top: number, unit: string): number {
  if (!unit.startsWith('bytes') || top < 1024) return 1;
  return 1024 ** Math.floor(Math.log2(top) / 10);
}

/** A sample between two gaps is drawn as a dot: a line of length 0 with round ends. */
function withDots(points: readonly ChartPoint[]): ChartPoint[] {
  return points.flatMap((point, index) => {
    const isAlone = (points[index - 1]?.value ?? null) === null && (points[index + 1]?.value ?? null) === null;
    return isAlone && point.value !== null ? [point, point] : [point];
  });
}

/** Last value, and the extreme value: the lowest of a connection, otherwise the highest. */
function summary({ name, unit }: PageSeries, points: readonly ChartPoint[]): Markup {
  const known = points.filter((point): point is ChartPoint & { value: number } => point.value !== null);
  const last = known.at(-1);
  if (last === undefined) return html`no samples`;
  const isLow = name === 'hub_connected';
  const extreme = known.reduce((best, point) => (point.value > best.value !== isLow ? point : best));
  const when = points.at(-1)?.value === null ? html`<time>${minuteWords(last.atMs)}</time>` : 'last';
  return html`${when} ${tickWords(last.value, unit)}, ${isLow ? 'lowest' : 'highest'} ${tickWords(extreme.value, unit)} at <time>${minuteWords(extreme.atMs)}</time>`;
}

function values(title: string, unit: string, lines: ChartPlan['lines'], step: PageHistory['step']): Markup {
  const columns = lines.map(({ label, series }) => ({
    label,
    points: new Map(chartPoints(series, ROWS_MAX).map(({ atMs, value }) => [atMs, value])),
  }));
  const times = [...new Set(columns.flatMap(({ points }) => [...points.keys()]))].sort((one, other) => other - one);
  const first = lines[0]?.series;
  const isJoined = (first?.points.length ?? 0) > ROWS_MAX;
  const how = showsPeaks(first?.name ?? '') ? 'the largest value' : 'the mean';
  const caption = isJoined
    ? `${title}, newest first, UTC; each row shows ${how} of several ${step}s`
    : `${title}, newest first, one row for each ${step}, UTC`;
  return plainTable(
    caption,
    ['Time', ...columns.map(({ label }) => label)],
    times.map((atMs) => [
      minuteWords(atMs),
      ...columns.map(({ points }) => tickWordsOrNone(points.get(atMs) ?? null, unit)),
    ]),
  );
}

function tickWordsOrNone(value: number | null, unit: string): string {
  return value === null ? 'no sample' : tickWords(value, unit);
}

/** Units of the lines, each once. */
function unitsOf(lines: ChartPlan['lines']): string {
  return [...new Set(lines.map(({ series }) => unitWords(series.unit)))].join(' and ');
}

function unitWords(unit: string): string {
  switch (unit) {
    case 'bytes':
      return '';
    case 'bytes/min':
      return 'per minute';
    case 'bytes/h':
      return 'per hour';
    case 'share':
      return 'share of the time';
    case 'ms':
      return 'milliseconds';
    case 'C':
      return '°C';
    default:
      return unit.replace(/\/min$/, ' per minute').replace(/\/h$/, ' per hour');
  }
}

const round = (value: number): number => Math.round(value * 10) / 10;

function least(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((one, other) => Math.min(one, other));
}

function most(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((one, other) => Math.max(one, other));
}
