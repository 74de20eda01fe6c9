/** Requests of readers: from the command line to the query and back, with bounds. */
import { describe, expect, it } from 'vitest';
import {
  EVERYTHING,
  problemOf,
  queryOf,
  type TailRequest,
  tailRequestOf,
} from '../../../../src/ops/tail/tail-request.ts';

const FULL: TailRequest = {
  subdevices: ['pump 7', 'ä&='],
  topics: ['gw/+/t', '#'],
  direction: 'down',
  events: ['shed', 'hubLost'],
  payloadBytes: 16_384,
};

it.each([FULL, EVERYTHING])('a request is the same after its way as a query', (request) => {
  expect(tailRequestOf(new URLSearchParams(queryOf(request)))).toEqual(request);
});

it('a request without filters has no query', () => {
  expect(queryOf(EVERYTHING)).toBe('');
});

describe('a query is refused', () => {
  it.each([
    ['topic=a%23', 'is no topic filter'],
    ['topic=', 'a value has 1 to 1024 characters'],
    [`subdevice=${'x'.repeat(1025)}`, 'a value has 1 to 1024 characters'],
    ['event=hubLsot', 'is neither an event nor a kind of events'],
    ['direction=left', 'direction is up or down'],
    ['payload_bytes=16385', 'payload_bytes is a whole number'],
    ['payload_bytes=-1', 'payload_bytes is a whole number'],
    ['payload_bytes=x', 'payload_bytes is a whole number'],
    [Array(17).fill('subdevice=a').join('&'), 'at most 16 values'],
  ])('%s', (query, text) => {
    expect(tailRequestOf(new URLSearchParams(query))).toContain(text);
  });

  it.each([
    `subdevice=${'x'.repeat(1024)}`,
    Array(16).fill('subdevice=a').join('&'),
    'payload_bytes=16384',
    'payload_bytes=0',
  ])('not at its bound: %s', (query) => {
    expect(tailRequestOf(new URLSearchParams(query))).toBeTypeOf('object');
    expect(problemOf(EVERYTHING)).toBeUndefined();
  });
});
