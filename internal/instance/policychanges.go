package instance

import (
	"context"
	"log/slog"
)

// tellPolicyChanges warns of each stored policy that means something else since
// this version, at the first start. If that cannot be written down, it is told again.
func (i *Instance) tellPolicyChanges(ctx context.Context) error {
	changes, err := i.iam.PolicyChanges(ctx)
	if err != nil {
		return err
	}
	for _, c := range changes {
		i.log.LogAttrs(ctx, slog.LevelWarn, "a stored policy means something else since this version",
			slog.String("policy", c.Policy), slog.String("change", c.Change))
	}
	if err := i.iam.PolicyChangesTold(ctx); err != nil {
		i.failed(ctx, "writing down that changes of policies were told failed")(err)
	}
	return nil
}
