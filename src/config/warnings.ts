/** What is allowed in a configuration and will bite: told by `holdfast config check`, and no reason to refuse the file. */
import { isNumberedPath } from '../base/serial-port.ts';
import type { Problem } from './kinds/problem.ts';
import type { Config } from './schema.ts';

export function warningsOf({ links }: Config): Problem[] {
  return links.flatMap(({ path }, index) => {
    const place = `link[${index}].path`;
    if (isNumberedPath(path)) {
      return [
        {
          path: place,
          what: `is ${path}, which counts in the order of plugging and may be another device tomorrow`,
          hint: 'Use the stable name that holdfast ports prints.',
        },
      ];
    }
    if (/^usb:[^:]*:[^:]*::/.test(path)) {
      return [
        {
          path: place,
          what: `is ${path}, an adapter without a serial number: a second one of its kind makes both unusable`,
          hint: 'Use the by-path: name that holdfast ports prints.',
        },
      ];
    }
    return [];
  });
}
