package instance

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"

	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/openid"
)

// MinSigningKeyLifetime is the least [Config.SigningKeyLifetime].
const MinSigningKeyLifetime = openid.MinKeyLifetime

// signingKeys rotates keys for the service daypass: admin.SigningKeys.
type signingKeys struct{ provider *openid.Provider }

// RotateSigningKey implements admin.SigningKeys.
func (k signingKeys) RotateSigningKey(ctx context.Context, region string, compromised bool) (admin.SigningKeyList, error) {
	done, err := k.provider.Rotate(ctx, region, compromised)
	if errors.Is(err, openid.ErrNoKeys) {
		return nil, admin.ErrNoSigningKey
	}
	if e, ok := errors.AsType[*openid.RetiringError](err); ok {
		return nil, &admin.RetiringKeyError{KeyId: e.KID, Successor: e.Successor, Until: e.Until}
	}
	if err != nil {
		return nil, err
	}
	var list admin.SigningKeyList
	for _, d := range done {
		thumbprint := sha1.Sum(d.Key.Certificate)
		key := admin.NewSigningKey{
			Region: admin.RegionName(d.Key.Region), KeyId: admin.KeyId(d.Key.KID), SignsAfter: d.Key.SignAfter,
			CertificateThumbprint: hex.EncodeToString(thumbprint[:]), ReplacedKeyIds: admin.KeyIdList{},
		}
		for _, kid := range d.Replaced {
			key.ReplacedKeyIds = append(key.ReplacedKeyIds, admin.KeyId(kid))
		}
		if !d.Ends.IsZero() {
			key.ReplacedKeysEnd = &d.Ends
		}
		list = append(list, key)
	}
	return list, nil
}
