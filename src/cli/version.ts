/** The version of this program, from the one place that has it. */
import packageJson from '../../package.json' with { type: 'json' };

export const VERSION: string = packageJson.version;
