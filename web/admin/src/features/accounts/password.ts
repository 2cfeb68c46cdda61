// Passwords that are made for somebody else: easy to read out, without look-alikes.
const ALPHABET = 'abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789'
const LENGTH = 14

export function generatePassword(): string {
  let password = ''
  while (password.length < LENGTH) {
    const byte = crypto.getRandomValues(new Uint8Array(1))[0] ?? 255
    // Bytes past the last whole multiple would favour the first letters.
    if (byte < Math.floor(256 / ALPHABET.length) * ALPHABET.length) {
      password += ALPHABET[byte % ALPHABET.length]
    }
  }
  return password
}
