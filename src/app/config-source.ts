/** Text of the configuration: the file of the machine, with the changes of the hub that the file admits, and its device profiles. */
import type { HubPatch } from '../base/hub-configuration.ts';
import type { JsonObject } from '../base/json-value.ts';
import { withHubPatch } from '../config/hub-patch.ts';
import { parseConfig } from '../config/parse.ts';
import type { ParsedConfig } from '../config/schema.ts';
import { FileMark, type TextOfFiles } from '../io/config-file.ts';
import { completeText, profileFiles, readCompleteConfig } from '../ops/complete-config.ts';

/** Texts whose results are kept: the file, alone and with the changes of the hub. */
const PARSED_MAX = 2;

export class ConfigSource {
  /** Absolute path of the file. */
  readonly path: string;
  readonly #mark: FileMark;
  /** Results of the newest texts, the newest one last. */
  readonly #parsed = new Map<string, ParsedConfig>();

  constructor(path: string) {
    this.path = path;
    this.#mark = new FileMark(path);
  }

  /** Returns the text of the file without the changes of the hub. @throws Fault `config-unreadable` */
  readFile(): string {
    return readCompleteConfig(this.path);
  }

  /** @param patch `null`: no changes of the hub @throws Fault `config-unreadable` */
  read(patch: HubPatch | null): string {
    return patch === null ? this.readFile() : patchedText(this.readFile(), patch.config);
  }

  /**
   * Parses a text on the thread of the gateway. The newest results are kept: a document of the hub is checked and then
   * applied, and `config apply` asks for the report again and again.
   */
  parse(text: string): ParsedConfig {
    const parsed = this.#parsed.get(text) ?? parseConfig(text);
    this.#parsed.delete(text);
    this.#parsed.set(text, parsed);
    for (const [oldest] of this.#parsed) if (this.#parsed.size > PARSED_MAX) this.#parsed.delete(oldest);
    return parsed;
  }

  /** Returns the digest of the present text. `undefined`: the file cannot be read. */
  mark(patch: HubPatch | null): string | undefined {
    return this.#mark.of(patch?.mark ?? '', (): TextOfFiles => {
      const text = this.read(patch);
      return { text, files: [this.path, ...profileFiles(text)] };
    });
  }
}

/** Text of a file with changes of the hub, and with the device profiles that it uses then. */
export function patchedText(file: string, changes: JsonObject): string {
  return completeText(withHubPatch(file, changes));
}
