import { isIPv4 } from 'node:net';
import fc, { type Arbitrary } from 'fast-check';

/** Azure's platform, the metadata of virtual machines, ends of blocks. */
const notable = [
  '168.63.129.16',
  '169.254.169.254',
  '127.0.0.1',
  '172.31.255.255',
  '172.32.0.0',
  '100.127.255.255',
];
const anyBytes = fc
  .tuple(
    fc.oneof(fc.constantFrom(0, 10, 100, 127, 169, 172, 192, 198, 203, 224, 240, 255, 168), fc.nat(255)),
    fc.oneof(fc.constantFrom(0, 16, 31, 51, 64, 88, 168, 254, 18, 63), fc.nat(255)),
    fc.oneof(fc.constantFrom(0, 2, 99, 100, 113, 129, 169), fc.nat(255)),
    fc.oneof(fc.constantFrom(0, 1, 16, 254, 255), fc.nat(255)),
  )
  .map((bytes) => bytes.join('.'));

/** Any IPv4 address; those of blocks that matter are frequent. */
export const anyIPv4: Arbitrary<string> = fc.oneof(
  { weight: 9, arbitrary: anyBytes },
  { weight: 1, arbitrary: fc.constantFrom(...notable) },
);

const anyGroup = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  fc.constantFrom(
    0xffff,
    0x7f00,
    1,
    0xa00,
    0xc0a8,
    0xa9fe,
    0xfe80,
    0xfc00,
    0x2001,
    0x2002,
    0xdb8,
    0x64,
    0xff9b,
  ),
  fc.nat(0xffff),
);
const beginnings = [
  [0, 0, 0, 0, 0, 0xffff],
  [0, 0, 0, 0, 0, 0],
  [0, 0, 0, 0, 0xffff, 0],
  [0x2a00, 0, 0, 0, 0, 0xffff],
  [0x64, 0xff9b, 0, 0, 0, 0],
  [0x2002],
  [0x2001, 0],
  [0x2001, 0xdb8],
  [0xfe80],
  [0xfc00],
  [0xff02],
  [0x2606, 0x4700],
  [],
];

/** The eight groups of any IPv6 address; those that carry an IPv4 address are frequent. */
export const anyIPv6: Arbitrary<readonly number[]> = fc
  .tuple(fc.constantFrom(...beginnings), fc.array(anyGroup, { minLength: 8, maxLength: 8 }))
  .map(([beginning, rest]) => [...beginning, ...rest].slice(0, 8));

/** How an address is written: leading zeros, capitals, a run of zeros left out, the end as IPv4. */
export interface Spelling {
  readonly padded: boolean;
  readonly capitals: boolean;
  readonly compressFrom: number;
  readonly dotted: boolean;
}

export const anySpelling: Arbitrary<Spelling> = fc.record({
  padded: fc.boolean(),
  capitals: fc.boolean(),
  compressFrom: fc.nat(8),
  dotted: fc.boolean(),
});

/** The address in any of the ways that RFC 4291 section 2.2 allows. */
export function spellIPv6(groups: readonly number[], spelling: Spelling): string {
  const { padded, capitals, compressFrom, dotted } = spelling;
  const [high = 0, low = 0] = groups.slice(6);
  const written = groups.map((group) => group.toString(16).padStart(padded ? 4 : 1, '0'));
  const end = dotted ? [[high >> 8, high & 255, low >> 8, low & 255].join('.')] : written.slice(6);
  const parts = [...written.slice(0, 6), ...end];
  // The run of zeros that begins there, if there is one; of the end in dotted form nothing is left out.
  const limit = dotted ? 6 : 8;
  let runEnd = compressFrom;
  while (runEnd < limit && groups[runEnd] === 0) runEnd += 1;
  const text =
    runEnd > compressFrom
      ? `${parts.slice(0, compressFrom).join(':')}::${parts.slice(runEnd).join(':')}`
      : parts.join(':');
  return capitals ? text.toUpperCase() : text;
}

const radixes = [
  (byte: number) => String(byte),
  (byte: number) => `0x${byte.toString(16)}`,
  (byte: number) => `0${byte.toString(8)}`,
];

/** The ways to write an IPv4 address that only some parsers know: numbers, octal, hexadecimal, fewer parts. */
export function spellIPv4Oddly(address: string, choice: number): string {
  if (!isIPv4(address)) throw new Error(address);
  const bytes = address.split('.').map(Number);
  const [a = 0, b = 0, c = 0, d = 0] = bytes;
  const number = ((a * 256 + b) * 256 + c) * 256 + d;
  const forms = [
    String(number),
    `0x${number.toString(16)}`,
    `0${number.toString(8)}`,
    `${a}.${(b * 256 + c) * 256 + d}`,
    `${a}.${b}.${c * 256 + d}`,
    bytes.map((byte, index) => radixes[(choice + index) % 3]?.(byte)).join('.'),
    `${address}.`,
    Array.from(address, (character) => String.fromCodePoint((character.codePointAt(0) ?? 0) + 0xfee0)).join(
      '',
    ),
    Array.from(address, (character) => `%${(character.codePointAt(0) ?? 0).toString(16)}`).join(''),
    address,
  ];
  return forms[choice % forms.length] ?? address;
}
