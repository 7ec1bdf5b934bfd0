// Package saml reads what SAML 2.0 identity providers publish and say: their
// metadata ([ParseMetadata]) and the responses that they sign ([Verify]).
//
// Its words are those of the SAML 2.0 core specification:
//
//   - Metadata describes an identity provider: its entity ID and the
//     certificates of the keys that it signs with.
//   - A Response is the message that a sign-in ends with. It carries one
//     Assertion, which says who signed in (NameID), with which attributes, for
//     whom (Audience), to be handed to whom (Recipient), and until when.
//   - A signature covers the Response, the Assertion, or each of them, and names
//     what it covers by the ID of the element around it.
//
// Forged responses live on the gap between what is verified and what is read.
// Here there is none:
//
//   - A document is read once, strictly, into a tree: no DOCTYPE, entities,
//     processing instructions or comments, nothing deep, every namespace
//     resolved.
//   - A document has one Response, in it one Assertion, and signatures nowhere
//     but directly in the one or the other; each covers the element around it,
//     whole, and IDs are unique. So there is no second thing to look at.
//   - The canonical bytes that the signature covers are read again, and what is
//     reported comes from that reading alone.
//   - The keys are the metadata's. What a response says about keys is not looked
//     at. Algorithms are a short list: RSA (PKCS #1 v1.5) and ECDSA with SHA-256,
//     SHA-384 or SHA-512, the enveloped-signature transform and exclusive
//     canonicalization. SHA-1, HMAC, XPath, XSLT and inclusive canonicalization
//     are refused.
//
// Verifying keeps no memory: the same response is good until it expires, since
// clients present it once to get an identity and again to get its credentials.
// How long ago it was issued is reported, for callers who have a rule about it.
//
// Encrypted assertions and compressed responses (the redirect binding) are
// refused. InResponseTo cannot be checked by somebody who asked for nothing.
package saml
