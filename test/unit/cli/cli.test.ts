/** The command line as a process, against fixed answers behind the real control socket. */
import { execFile } from 'node:child_process';
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startControl } from '../../../src/ops/api/control.ts';
import { BALANCED, FakeGateway, withControl, withDirectory } from '../ops/api/control-rig.ts';

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Time limit of a process. Only a process that hangs takes longer, also on a loaded machine. */
const PROCESS_MS_MAX = 300_000;

function run(file: string, words: readonly string[], env = process.env): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(file, [...words], { timeout: PROCESS_MS_MAX, env }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

function holdfast(...words: string[]): Promise<Ended> {
  return run(process.execPath, ['src/main.ts', ...words]);
}

describe.concurrent('with a running gateway', { timeout: PROCESS_MS_MAX }, () => {
  it('status prints the verdict in its first line, without colours in a pipe', async () => {
    await withControl(async ({ socketPath }) => {
      const { code, out } = await holdfast('status', '--socket', socketPath);
      expect(code).toBe(0);
      expect(out.split('\n')[0]).toBe(
        'Losing data? No. 1,204 messages safe on disk, waiting for the hub (away 3 min).',
      );
      expect(out).not.toContain('\u001b');
    });
  });

  it.each(['status', 'ledger', 'subdevices', 'outbox'] as const)(
    '%s --json prints the answer of the gateway',
    async (command) => {
      await withControl(async ({ gateway, socketPath }) => {
        const { code, out, err } = await holdfast('--json', '--socket', socketPath, command);
        expect({ code, err }).toEqual({ code: 0, err: '' });
        expect(JSON.parse(out)).toEqual({ schema: `holdfast/${command}/1`, ...(await gateway[command]()) });
      });
    },
  );

  it.each([
    ['subdevices', /^meter-1 +meters +connected +3 s ago/m],
    ['outbox', /^1,204 messages for the hub, 1,204 of them on disk/m],
    ['ledger', /^meter-1 +up +2,000 +700 +1,204 +95 +1 +0 +0$/m],
  ])('%s prints a table', async (command, line) => {
    await withControl(async ({ socketPath }) => {
      const { code, out } = await holdfast(command, '--socket', socketPath);
      expect(code).toBe(0);
      expect(out).toMatch(line);
    });
  });

  it('ledger exits 1 if it does not balance, and names the subdevices', async () => {
    await withControl(async ({ gateway, socketPath }) => {
      gateway.readings = BALANCED.map((reading) => ({ ...reading, pending: reading.pending + 1 }));
      const { code, out } = await holdfast('ledger', '--socket', socketPath);
      expect(code).toBe(1);
      expect(out).toMatch(/^THE LEDGER DOES NOT BALANCE for meter-1\./);
    });
  });

  it('is found by the key control_socket of a broken configuration', async () => {
    await withControl(async ({ socketPath }) => {
      const config = join(socketPath, '..', 'holdfast.toml');
      await writeFile(config, `[gateway]\ncontrol_socket = "${socketPath}"\nnonsense = 1\n`);
      expect((await holdfast('status', '--config', config)).code).toBe(0);
    });
  });

  it('tail ends when the gateway ends', async () => {
    await withDirectory(async (directory) => {
      const gateway = new FakeGateway();
      const socketPath = join(directory, 'control.sock');
      const control = await startControl({ socketPath, inspection: gateway });
      const follow = gateway.onTail.bind(gateway);
      gateway.onTail = (request, listener) => {
        const stop = follow(request, listener);
        // The first reader gets one event, and then the gateway stops.
        setImmediate(() => {
          gateway.happen('meter-1 attached\u001b[2J');
          setImmediate(() => control.close());
        });
        return stop;
      };
      const { code, out, err } = await holdfast('tail', '--socket', socketPath);
      expect(code).toBe(69);
      expect(out).toMatch(/meter-1 attached\\u001b\[2J\n1 event in \d+ s, none missed\.\n$/);
      expect(err).toMatch(/^holdfast: The gateway has stopped/);
    });
  });
});

describe.concurrent('without a gateway', { timeout: PROCESS_MS_MAX }, () => {
  it.each(['status', 'ledger', 'subdevices', 'outbox', 'tail'])(
    '%s exits 69 and shows how to start it',
    async (command) => {
      await withDirectory(async (directory) => {
        const config = join(directory, 'holdfast.toml');
        await writeFile(
          config,
          `[gateway]\nstate_dir = "${directory}/none"\ncontrol_socket = "${directory}/none.sock"\n`,
        );
        const { code, out, err } = await holdfast(command, '--config', config);
        expect({ code, out }).toEqual({ code: 69, out: '' });
        expect(err).toMatch(/^holdfast: No gateway is running: .*\n {2}-> Start it with: systemctl start holdfast/);
      });
    },
  );

  it('an error with --json is one JSON object on standard error, and nothing else', async () => {
    const { code, out, err } = await holdfast('--json', 'outbox', '--socket', '/nonexistent/control.sock');
    expect({ code, out }).toEqual({ code: 69, out: '' });
    expect(JSON.parse(err)).toMatchObject({ error: { code: 'not-running', hint: expect.stringMatching(/systemctl/) } });
  });
});

it('a call without a command shows the first commands', async () => {
  const { code, out, err } = await holdfast();
  expect({ code, err }).toEqual({ code: 64, err: '' });
  expect(out).toMatch(/holdfast status +is any data being lost/);
});

describe.concurrent('an invalid command line', { timeout: PROCESS_MS_MAX }, () => {
  it.each([
    { words: ['stats'], says: /unknown command 'stats'[\s\S]*Did you mean/ },
    { words: ['status', '--fast'], says: /unknown option '--fast'/ },
    { words: ['bench-hub', '--port', 'x'], says: /whole number from 0 to 65535/ },
    { words: ['config', 'check', 'a', 'b'], says: /too many arguments/ },
    { words: ['--config', 'x'], says: /No command was given\n {2}-> holdfast --help lists the commands/ },
    { words: ['dead-letters', 'lst'], says: /mean list\?[\s\S]*holdfast dead-letters --help lists its commands/ },
    { words: ['trace'], says: /missing required argument[\s\S]*holdfast trace --help lists its arguments/ },
  ])('exits 64: $words', async ({ words, says }) => {
    const { code, out, err } = await holdfast(...words);
    expect({ code, out }).toEqual({ code: 64, out: '' });
    expect(err).toMatch(says);
  });

  it('is one JSON object with --json', async () => {
    const { code, err } = await holdfast('--json');
    expect(code).toBe(64);
    expect(JSON.parse(err)).toMatchObject({ error: { code: 'usage' } });
  });
});

describe.concurrent('a configuration', { timeout: PROCESS_MS_MAX }, () => {
  const GOOD =
    '[gateway]\nname = "g"\n[hub]\nprofile = "generic"\nhost = "h"\n[[link]]\nname = "l"\npath = "/dev/l"\n[[subdevice]]\nid = "x"\n';

  it('that is valid exits 0 with a summary', async () => {
    await withDirectory(async (directory) => {
      const file = join(directory, 'good.toml');
      await writeFile(file, GOOD);
      const { code, out } = await holdfast('config', 'check', file);
      expect(code).toBe(0);
      expect(out).toContain('Gateway g, hub h:1883 (generic), 1 link, 1 subdevice.');
    });
  });

  it('with problems exits 78 and lists them, also with --config', async () => {
    await withDirectory(async (directory) => {
      const file = join(directory, 'bad.toml');
      await writeFile(file, GOOD.replace('"/dev/l"', '"l"').replace('host', 'hots'));
      const { code, out } = await holdfast('config', 'check', '--config', file);
      expect(code).toBe(78);
      expect(out).toMatch(/has 2 problems:/);
      expect(out).toMatch(/hub\.hots is not a key of the configuration\.\n {4}-> Did you mean host\?/);
      const json = await holdfast('config', 'check', file, '--json');
      expect(JSON.parse(json.out)).toMatchObject({ ok: false, problems: { length: 2 } });
    });
  });

  it('that cannot be read exits 78', async () => {
    const { code, err } = await holdfast('config', 'check', '/nonexistent.toml');
    expect(code).toBe(78);
    expect(err).toContain('The configuration /nonexistent.toml does not exist');
  });

  it('has a reference, which config reference prints', async () => {
    const { code, out } = await holdfast('config', 'reference');
    expect(code).toBe(0);
    expect(out).toContain('| `keep_alive_s` |');
  });
});

describe.concurrent('the launcher', { timeout: PROCESS_MS_MAX }, () => {
  it('works through a symbolic link, and returns the exit code', async () => {
    await withDirectory(async (directory) => {
      const link = join(directory, 'holdfast');
      await symlink(join(process.cwd(), 'bin/holdfast'), link);
      const env = { ...process.env, NODE_COMPILE_CACHE: '', XDG_CACHE_HOME: directory };
      const { code, out } = await run(link, ['--version'], env);
      expect({ code, out }).toEqual({
        code: 0,
        out: expect.stringMatching(/^holdfast \d+\.\d+\.\d+ \(commit .+\)\nNode [\d.]+, SQLite [\d.]+, linux \w+\n$/),
      });
      expect((await run(link, ['nonsense'], env)).code).toBe(64);
    });
  });
});
