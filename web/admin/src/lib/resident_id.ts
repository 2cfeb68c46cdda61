// What a mainland resident's ID number tells (GB 11643-1999): region, birth date, gender, checksum.
// The server decides; this only gives a hint while somebody types.

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
const CHECK_CHARACTERS = '10X98765432'
// The first two digits of GB/T 2260.
const PROVINCES = new Set(
  [
    '11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46',
    '50 51 52 53 54 61 62 63 64 65 71 81 82 83',
  ]
    .join(' ')
    .split(' '),
)

export type ResidentIdFault = 'length' | 'characters' | 'region' | 'date' | 'checksum'

export type ResidentIdCheck =
  | { ok: true; birthDate: string; gender: 'male' | 'female'; region: string }
  | { ok: false; fault: ResidentIdFault }

export function checkResidentId(input: string, today: Date = new Date()): ResidentIdCheck {
  const number = input.trim().toUpperCase()
  if (number.length !== 18) {
    return { ok: false, fault: 'length' }
  }
  if (!/^\d{17}[\dX]$/.test(number)) {
    return { ok: false, fault: 'characters' }
  }
  if (!PROVINCES.has(number.slice(0, 2))) {
    return { ok: false, fault: 'region' }
  }
  const birthDate = `${number.slice(6, 10)}-${number.slice(10, 12)}-${number.slice(12, 14)}`
  if (!isPastDate(birthDate, today)) {
    return { ok: false, fault: 'date' }
  }
  if (number[17] !== checkCharacter(number)) {
    return { ok: false, fault: 'checksum' }
  }
  const gender = Number(number[16]) % 2 === 1 ? 'male' : 'female'
  return { ok: true, birthDate, gender, region: number.slice(0, 6) }
}

function checkCharacter(number: string): string | undefined {
  const sum = WEIGHTS.reduce((total, weight, i) => total + weight * Number(number[i]), 0)
  return CHECK_CHARACTERS[sum % 11]
}

function isPastDate(iso: string, today: Date): boolean {
  const date = new Date(`${iso}T00:00:00Z`)
  return (
    !Number.isNaN(date.getTime()) &&
    date.toISOString().startsWith(iso) &&
    date.getUTCFullYear() >= 1900 &&
    date <= today
  )
}
