/** Version of this program, from package.json. */
import packageJson from '../../package.json' with { type: 'json' };

/** Commit of a built package. `package/program.ts` puts the value in place of the name; a checkout has no such name. */
declare const HOLDFAST_COMMIT: string | undefined;

export const VERSION: string = packageJson.version;
/** `undefined` in a checkout. */
export const BUILT_FROM: string | undefined = typeof HOLDFAST_COMMIT === 'undefined' ? undefined : HOLDFAST_COMMIT;
