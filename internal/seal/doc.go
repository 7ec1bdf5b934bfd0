// Package seal keeps secrets secret: it encrypts those that are stored or
// handed out, and holds those that are in memory in a type that never prints.
//
// The words:
//
//   - A [MasterKey] is 32 random bytes that the operator keeps. Everything
//     sealed depends on it; it encrypts nothing itself. Its [MasterKey.Fingerprint]
//     names it in public.
//   - A purpose is a short constant string, "openid-signing-key" for one. Each
//     purpose has a key of its own, derived from the master key with HKDF
//     (RFC 5869, SHA-256), so that what was sealed for one purpose can never be
//     opened, nor replayed, as something else.
//   - A [Box] seals and opens for one purpose.
//   - A [Ring] is several master keys, one of which seals, while one takes the place of
//     another.
//   - The additional data (AD) is context that is not secret and not stored in
//     the sealed bytes, but must be the same when they are opened: the name of
//     the row that they stand in, for example. It ties them to their place.
//   - A [Secret] is a string for authorized eyes: every way of printing,
//     logging or encoding it gives a placeholder.
//
// # What sealed bytes look like
//
// The format is final; a later one will have another first byte.
//
//	offset  length  content
//	0       1       version, 1
//	1       4       id of the master key (KeyID): the first bytes of its fingerprint
//	5       24      nonce, random
//	29      n + 16  XChaCha20-Poly1305 of the plaintext (RFC 8439 with the
//	                extended nonce of draft-irtf-cfrg-xchacha), tag last
//
// Nonces of 192 random bits do not collide in practice, however many session
// tokens are made; with the 96 bits of AES-GCM the number of messages under one
// key would have to be counted. The id says which master key is wanted, so that
// a process that holds several during a rotation tries one only, and so that a
// wrong key is told from damaged data.
//
// Sealing promises that the plaintext is unreadable and that changed, moved or
// foreign bytes do not open. It does not hide the length of the plaintext, and
// it cannot tell an old sealed value from the newest one.
package seal
