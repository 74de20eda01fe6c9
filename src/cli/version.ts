/** Version of this program, from package.json. */
import packageJson from '../../package.json' with { type: 'json' };

/** Commit of a built package. `package/program.ts` puts the value in place of the name; a checkout has no such name. */
declare const HOLDFAST_COMMIT: string | undefined;

export const VERSION: string = packageJson.version;
/** `undefined` in a checkout. */
export const BUILT_FROM: string | undefined = typeof HOLDFAST_COMMIT === 'undefined' ? undefined : HOLDFAST_COMMIT;

/** Output of `holdfast --version`: what exactly runs. */
export interface VersionReport {
  readonly version: string;
  /** Commit of the sources; `null`: unknown. */
  readonly commit: string | null;
  /** True if the program runs from a checkout, whose files may differ from the commit. */
  readonly isCheckout: boolean;
  readonly node: string;
  readonly sqlite: string;
  /** Operating system and architecture as Node names them, e.g. `linux` and `arm64`. */
  readonly platform: string;
  readonly architecture: string;
}
