/** `[link.lines]` as the program uses it; part of `schema.ts`. */
import type { Template } from '../../base/template.ts';
import type { Pattern } from '../pattern.ts';

/** How lines are read and written; `lines-keys.ts` says what each means. */
export interface LinesConfig {
  readonly subdevice: string;
  readonly subdeviceField: string | undefined;
  readonly format: 'text' | 'ndjson';
  readonly delimiter: Uint8Array;
  readonly lineBytesMax: number;
  readonly encoding: 'utf-8' | 'latin1' | 'bytes';
  readonly check:
    | { readonly kind: 'none' }
    | { readonly kind: 'nmea' | 'crc16-modbus' | 'crc32'; readonly separator: Uint8Array };
  readonly pattern: Pattern | undefined;
  readonly topic: Template;
  readonly payload: 'line' | 'json';
  /** `undefined`: nobody waits for an answer. */
  readonly answers: AnswersConfig | undefined;
  readonly attach: 'open' | 'line';
  /** 0 = a silent subdevice stays. */
  readonly silenceMs: number;
  readonly skipsFirstLine: boolean;
  readonly isEchoed: boolean;
  /** Filters on the subdevice's own topics. */
  readonly downlinks: readonly string[];
  readonly downlink: Template;
  /** `undefined`: a downlink is delivered once it is written. */
  readonly downlinkAck: Pattern | undefined;
  /** The device will never take the downlink. */
  readonly downlinkRefused: Pattern | undefined;
}

export interface AnswersConfig {
  readonly ack: Template;
  readonly busy: Template | undefined;
  readonly refused: Template | undefined;
  /** The field by which a repeated line is known. */
  readonly sequence: string | undefined;
}
