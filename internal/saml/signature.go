package saml

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	_ "crypto/sha256" // a digest of the algorithms below
	"crypto/sha512"
	"math/big"
	"slices"
	"strings"
)

const (
	enveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
	exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#"
	// With comments is the same where there are none.
	exclusiveWithComments = "http://www.w3.org/2001/10/xml-exc-c14n#WithComments"
)

const (
	maxInclusive = 32 // prefixes in an InclusiveNamespaces PrefixList
	maxInfo      = 16 // elements of a SignedInfo; one that is taken has eleven at most
)

// method is a signature algorithm.
type method struct {
	hash  crypto.Hash
	valid func(key crypto.PublicKey, hash crypto.Hash, digest, signature []byte) bool
}

// methods are the signature algorithms that are accepted, by their URIs (RFC
// 9231).
var methods = map[string]method{
	"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256":   {crypto.SHA256, validRSA},
	"http://www.w3.org/2001/04/xmldsig-more#rsa-sha384":   {crypto.SHA384, validRSA},
	"http://www.w3.org/2001/04/xmldsig-more#rsa-sha512":   {crypto.SHA512, validRSA},
	"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256": {crypto.SHA256, validECDSA},
	"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384": {crypto.SHA384, validECDSA},
	"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512": {crypto.SHA512, validECDSA},
}

// digests are the digest algorithms that are accepted.
var digests = map[string]crypto.Hash{
	"http://www.w3.org/2001/04/xmlenc#sha256":       crypto.SHA256,
	"http://www.w3.org/2001/04/xmldsig-more#sha384": crypto.SHA384,
	"http://www.w3.org/2001/04/xmlenc#sha512":       crypto.SHA512,
}

func validRSA(key crypto.PublicKey, hash crypto.Hash, digest, signature []byte) bool {
	k, ok := key.(*rsa.PublicKey)
	return ok && rsa.VerifyPKCS1v15(k, hash, digest, signature) == nil
}

// validECDSA takes a signature as XML Signature has it: r and s, one after the
// other, each as long as the order of the curve.
func validECDSA(key crypto.PublicKey, _ crypto.Hash, digest, signature []byte) bool {
	k, ok := key.(*ecdsa.PublicKey)
	if !ok {
		return false
	}
	n := (k.Curve.Params().N.BitLen() + 7) / 8
	if len(signature) != 2*n {
		return false
	}
	r, s := new(big.Int).SetBytes(signature[:n]), new(big.Int).SetBytes(signature[n:])
	return ecdsa.Verify(k, digest, r, s)
}

func digest(hash crypto.Hash, data []byte) []byte {
	h := hash.New()
	h.Write(data)
	return h.Sum(make([]byte, 0, sha512.Size))
}

// verified verifies the signature in an element that covers this element, and
// gives what is signed: the element read again from the bytes that the signature
// covers, which are those without it.
func verified(e, signature *element, keys []crypto.PublicKey) (*element, error) {
	info, err := verifiedInfo(signature, keys)
	if err != nil {
		return nil, err
	}
	inclusive, want, hash, err := readReference(info.reference, e)
	if err != nil {
		return nil, err
	}
	signed, err := canonical(e, signature, inclusive)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(digest(hash, signed), want) {
		return nil, refuse(DigestMismatch)
	}
	again, err := parseStrict(string(signed))
	if err != nil {
		return nil, &Error{Cause: XMLMalformed, Err: err}
	}
	return again, nil
}

// verifiedInfo verifies a signature's SignedInfo and gives it, read again from
// the bytes that were verified. What KeyInfo says does not matter.
func verifiedInfo(signature *element, keys []crypto.PublicKey) (*signedInfo, error) {
	parts, count := signature.firstThree()
	if count == 3 && parts[2].is(dsigSpace, "KeyInfo") {
		count--
	}
	if count != 2 || !parts[0].is(dsigSpace, "SignedInfo") || !parts[1].is(dsigSpace, "SignatureValue") {
		return nil, refusef(SignatureMalformed, "the Signature is not SignedInfo, SignatureValue and perhaps KeyInfo")
	}
	value, err := decode(parts[1])
	if err != nil {
		return nil, &Error{Cause: SignatureMalformed, Err: err}
	}
	signed, info, err := canonicalInfo(parts[0])
	if err != nil {
		return nil, err
	}
	uri := algorithm(info.method)
	m, ok := methods[uri]
	if !ok {
		return nil, refusef(AlgorithmRefused, "signature method %.100q", uri)
	}
	sum := digest(m.hash, signed)
	if !slices.ContainsFunc(keys, func(key crypto.PublicKey) bool { return m.valid(key, m.hash, sum, value) }) {
		return nil, refuse(SignatureInvalid)
	}
	return info, nil
}

// signedInfo is a SignedInfo in parts.
type signedInfo struct{ canonicalization, method, reference *element }

// canonicalInfo gives the canonical bytes of a SignedInfo, and the SignedInfo
// read again from these.
func canonicalInfo(original *element) ([]byte, *signedInfo, error) {
	came, err := readInfo(original)
	if err != nil {
		return nil, nil, err
	}
	inclusive, err := canonicalizers(came.canonicalization)
	if err != nil {
		return nil, nil, err
	}
	signed, err := canonical(original, nil, inclusive)
	if err != nil {
		return nil, nil, err
	}
	again, err := parseStrict(string(signed))
	if err != nil {
		return nil, nil, &Error{Cause: XMLMalformed, Err: err}
	}
	info, err := readInfo(again)
	return signed, info, err
}

// readInfo sees to it that a SignedInfo has its three parts and no more. It is
// short, as it is made canonical before any key is asked: for anybody.
func readInfo(info *element) (*signedInfo, error) {
	elements := 0
	info.walk(func(*element) { elements++ })
	if elements > maxInfo {
		return nil, refusef(SignatureMalformed, "more than %d elements in the SignedInfo", maxInfo)
	}
	parts, count := info.firstThree()
	if count != 3 || !parts[0].is(dsigSpace, "CanonicalizationMethod") || !parts[1].is(dsigSpace, "SignatureMethod") || !parts[2].is(dsigSpace, "Reference") {
		return nil, refusef(SignatureMalformed, "the SignedInfo is not CanonicalizationMethod, SignatureMethod and one Reference")
	}
	if _, parameters := parts[1].firstThree(); parameters > 0 {
		return nil, refusef(SignatureMalformed, "the SignatureMethod has parameters")
	}
	return &signedInfo{parts[0], parts[1], parts[2]}, nil
}

func algorithm(e *element) string {
	uri, _ := e.attribute("Algorithm")
	return uri
}

// canonicalizers reads a method or transform that must be exclusive
// canonicalization, and gives its inclusive prefixes.
func canonicalizers(e *element) (inclusive []string, err error) {
	if uri := algorithm(e); uri != exclusive && uri != exclusiveWithComments {
		return nil, refusef(CanonicalizerRefused, "algorithm %.100q", uri)
	}
	parts, count := e.firstThree()
	if count == 0 {
		return nil, nil
	}
	if count != 1 || !parts[0].is(exclusive, "InclusiveNamespaces") {
		return nil, refusef(SignatureMalformed, "canonicalization with unknown parameters")
	}
	list, _ := parts[0].attribute("PrefixList")
	inclusive = strings.Fields(list)
	if len(inclusive) > maxInclusive {
		return nil, refusef(SignatureMalformed, "more than %d inclusive prefixes", maxInclusive)
	}
	for i, prefix := range inclusive {
		if prefix == "#default" {
			inclusive[i] = ""
		}
	}
	return inclusive, nil
}

// readReference reads the Reference of a verified SignedInfo, which must be to an
// element.
func readReference(reference, e *element) (inclusive []string, want []byte, hash crypto.Hash, err error) {
	id, _ := e.attribute("ID")
	if uri, ok := reference.attribute("URI"); !ok || id == "" || uri != "#"+id {
		return nil, nil, 0, refusef(ReferenceMismatch, "the URI is not that of the %s around it", e.local)
	}
	parts, count := reference.firstThree()
	if count != 3 || !parts[0].is(dsigSpace, "Transforms") || !parts[1].is(dsigSpace, "DigestMethod") || !parts[2].is(dsigSpace, "DigestValue") {
		return nil, nil, 0, refusef(SignatureMalformed, "the Reference is not Transforms, DigestMethod and DigestValue")
	}
	if inclusive, err = readTransforms(parts[0]); err != nil {
		return nil, nil, 0, err
	}
	uri := algorithm(parts[1])
	hash, ok := digests[uri]
	if !ok {
		return nil, nil, 0, refusef(AlgorithmRefused, "digest method %.100q", uri)
	}
	if want, err = decode(parts[2]); err != nil {
		return nil, nil, 0, &Error{Cause: SignatureMalformed, Err: err}
	}
	return inclusive, want, hash, nil
}

// readTransforms takes enveloped-signature followed by exclusive
// canonicalization, and nothing else: whatever else a transform could do is to
// choose what is signed.
func readTransforms(transforms *element) (inclusive []string, err error) {
	parts, count := transforms.firstThree()
	if count != 2 || !parts[0].is(dsigSpace, "Transform") || !parts[1].is(dsigSpace, "Transform") {
		return nil, refuse(TransformRefused)
	}
	if _, parameters := parts[0].firstThree(); algorithm(parts[0]) != enveloped || parameters > 0 {
		return nil, refuse(TransformRefused)
	}
	inclusive, err = canonicalizers(parts[1])
	if err != nil {
		return nil, &Error{Cause: TransformRefused, Err: err}
	}
	return inclusive, nil
}

var spaces = strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "")

// decode reads base64 with white space in it.
func decode(e *element) ([]byte, error) {
	text, err := e.content()
	if err != nil {
		return nil, err
	}
	if strings.ContainsAny(text, whiteSpace) {
		text = spaces.Replace(text)
	}
	return strictBase64.DecodeString(text)
}
