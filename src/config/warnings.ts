/**
 * Valid settings that are likely to cause trouble. `holdfast config check` reports these settings. The gateway starts
 * in spite of them.
 */
import { isNumberedPath } from '../base/serial-port.ts';
import type { Problem } from './kinds/problem.ts';
import { metricsWarnings } from './metrics-config.ts';
import type { Config } from './schema.ts';
import { webWarnings } from './web-config.ts';

export function warningsOf({ links, metrics, web }: Config): Problem[] {
  return [...linkWarnings(links), ...metricsWarnings(metrics), ...webWarnings(web)];
}

function linkWarnings(links: Config['links']): Problem[] {
  return links.flatMap(({ path }, index) => {
    const place = `link[${index}].path`;
    if (isNumberedPath(path)) {
      return [
        {
          path: place,
          what: `is ${path}, whose number depends on the order in which devices are plugged in: after a restart it may be another device`,
          hint: 'Use the stable name that holdfast ports prints.',
        },
      ];
    }
    if (/^usb:[^:]*:[^:]*::/.test(path)) {
      return [
        {
          path: place,
          what: `is ${path}, an adapter without a serial number: with a second one of this type, neither can be used`,
          hint: 'Use the by-path: name that holdfast ports prints.',
        },
      ];
    }
    return [];
  });
}
