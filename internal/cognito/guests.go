package cognito

import "github.com/daypass/daypass/internal/limit"

// GuestLimiter limits how fast guests are made, by the numbers of their pools:
// anybody who knows a pool's ID can make them, and each takes room for ever.
type GuestLimiter = limit.Keyed[int64]
