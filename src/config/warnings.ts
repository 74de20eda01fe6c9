/**
 * Valid settings that are likely to cause trouble. `holdfast config check` reports these settings. The gateway starts
 * in spite of them.
 */
import { isNumberedPath } from '../base/serial-port.ts';
import { driverNamed } from '../driver/drivers.ts';
import type { Problem } from './kinds/problem.ts';
import { metricsWarnings } from './metrics-config.ts';
import type { Config } from './schema.ts';
import { webWarnings } from './web-config.ts';

export function warningsOf(config: Config): Problem[] {
  const { links, metrics, web } = config;
  return [
    ...availabilityWarnings(config),
    ...linkWarnings(links),
    ...driverWarnings(links),
    ...metricsWarnings(metrics),
    ...webWarnings(web),
  ];
}

/** The broker publishes the will when the keep alive is over. Without keep alive a broken network has no end for it. */
function availabilityWarnings({ availability, hub }: Config): Problem[] {
  if (availability === undefined || hub.keepAliveS > 0) return [];
  const what =
    'is 0 with [availability]: the broker does not notice a broken network, so the gateway stays "online" there';
  return [{ path: 'hub.keep_alive_s', what, hint: 'Remove this key, or write a time such as 60.' }];
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

function driverWarnings(links: Config['links']): Problem[] {
  return links.flatMap(({ driver, options, path }, index) =>
    driverNamed(driver).warnings(options, `link[${index}]`, path),
  );
}
