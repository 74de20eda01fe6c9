/** Secrets and payloads are removed from texts that leave the machine; other text stays. */
import { describe, expect, it } from 'vitest';
import { REMOVED, redactConfig, redactText, redactValue } from '../../../src/support/redact.ts';

describe('a text', () => {
  it.each([
    ['a known value', 'the answer was hunter22x.', `the answer was ${REMOVED}.`],
    ['a JSON Web Token', 'Authorization eyJhbGciOiJI.eyJzdWIiOiIx.c2ln', `Authorization ${REMOVED}`],
    ['a shared access signature', 'pw SharedAccessSignature sr=x&sig=y&se=1 end', `pw ${REMOVED} end`],
    ['a shared access signature after other text', 'gotSharedAccessSignature sr=x&sig=y', `got${REMOVED}`],
    ['a JSON Web Token after other text', 'tokeneyJhbGciOiJI.eyJzdWIiOiIx.c2ln', `token${REMOVED}`],
    ['the signature in a URL', 'https://h/?sv=1&sig=ab%3D&se=1 end', `https://h/?sv=1&sig=${REMOVED} end`],
    [
      'the key of a connection string',
      'HostName=h;SharedAccessKey=q1==;x=1',
      `HostName=h;SharedAccessKey=${REMOVED};x=1`,
    ],
    ['a bearer token', 'Authorization: Bearer abcdef0123456', `Authorization: ${REMOVED}`],
    ['a user and password in a URL', 'mqtt://bob:s3cret@hub:1883', `mqtt://${REMOVED}@hub:1883`],
    ['an assignment', 'device_secret=abc123 port=1', `device_secret=${REMOVED} port=1`],
    ['a JSON assignment', '{"password": "abc"}', `{"password": "${REMOVED}"}`],
    ['a private key', '-----BEGIN EC PRIVATE KEY-----\nAB\n-----END EC PRIVATE KEY-----', REMOVED],
  ])('loses %s', (_, text, clean) => {
    expect(redactText(text, ['hunter22x'])).toBe(clean);
  });

  it('keeps names of files, topics and identifiers, and does not search for very short values', () => {
    const text = 'password_file "/etc/holdfast/password" topic site/7/temp id a1b2c3';
    expect(redactText(text, ['t'])).toBe(text);
  });

  it('loses the longer of two known values first', () => {
    expect(redactText('secret77-long secret77', ['secret77', 'secret77-long'])).toBe(`${REMOVED} ${REMOVED}`);
  });
});

it('an object loses payloads, values of secret names and known values, at any depth', () => {
  const known = '"7;8\n" again';
  const value = { a: [{ sample: 'x', payload: null, psk: 'k', password_file: '/f' }], topic: `t ${known}` };
  expect(redactValue(value, [known])).toEqual({
    a: [{ sample: REMOVED, payload: null, psk: REMOVED, password_file: '/f' }],
    topic: `t ${REMOVED}`,
  });
});

it('a configuration loses secrets in inline tables and in texts of several lines, and comments after escaped quotes', () => {
  const quotes = '"'.repeat(3);
  const text = [
    'note = "a\\"" # SECRET',
    'hub2 = { password = "correct horse SECRET", port = 1 }',
    `token = ${quotes}SECRET`,
    `SECRET${quotes}`,
    'port = 1',
  ].join('\n');
  const clean = redactConfig(text);
  expect(clean).not.toContain('SECRET');
  expect(clean.split('\n')).toHaveLength(5);
  expect(clean).toContain('port = 1 }');
});

it('a configuration loses the program that prints the password, in any notation, and keeps its lines', () => {
  const quotes = "'''";
  const text = [
    'password_command = ["/bin/SECRET", "]", "a#b\\"SECRET"] # SECRET',
    'port = 1',
    '  password_command = [ # SECRET ]',
    '    "/bin/token", # "SECRET',
    "    'SECRET]',",
    `    ${quotes}SECRET`,
    `]SECRET${quotes},`,
    '  ] # end',
    'port = 2',
    'hub = { password_command = ["SECRET"], port = 3 }',
    '# password_command = ["SECRET"',
    'port = 4',
  ];
  const clean = redactConfig(text.join('\n'));
  expect(clean).not.toContain('SECRET');
  expect(clean.split('\n')).toHaveLength(text.length);
  for (const port of [1, 2, 3, 4]) expect(clean).toContain(`port = ${port}`);
  expect(redactConfig('password_command = ["SECRET"\n"SECRET')).not.toContain('SECRET');
});

it('a configuration loses comments and secret values, and keeps its lines', () => {
  const text = ['# pin 1234', 'host = "a#b" # note', 'password = "x"', "  token = 'y'", 'port = 1'].join('\n');
  expect(redactConfig(text).split('\n')).toEqual([
    `# ${REMOVED}`,
    `host = "a#b" # ${REMOVED}`,
    `password = "${REMOVED}"`,
    `  token = "${REMOVED}"`,
    'port = 1',
  ]);
});
