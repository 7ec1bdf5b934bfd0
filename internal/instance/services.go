package instance

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/sts"
)

// Services are the tables of all services, to be read: without a service behind
// them, in the order of docs/operations.md. Whoever needs to know which services
// there are asks here.
func Services() []awsapi.Service { return services(nil, nil, nil, nil) }

// API is the service of a name: how its requests look. It panics where there is
// no such service.
func API(name string) awsapi.Service {
	all := Services()
	return all[slices.IndexFunc(all, func(s awsapi.Service) bool { return s.Name == name })]
}

func services(c *cognito.Service, s *sts.Service, i *iam.Service, a *admin.Service) []awsapi.Service {
	return []awsapi.Service{cognito.Operations(c), sts.Operations(s), iam.Operations(i), admin.Operations(a)}
}

// Limits are the quotas of all services.
type Limits struct {
	Cognito cognito.Limits
	IAM     iam.Limits
}

// DefaultLimits are AWS's.
func DefaultLimits() *Limits { return &Limits{cognito.DefaultLimits(), iam.DefaultLimits()} }

// Named are the quotas by the names that stand at their fields.
func (l *Limits) Named() map[string]*int {
	named := map[string]*int{}
	all := reflect.ValueOf(l).Elem()
	for i := range all.NumField() {
		service := all.Field(i)
		for j := range service.NumField() {
			name := service.Type().Field(j).Tag.Get("quota")
			if name == "" || named[name] != nil {
				panic(fmt.Sprintf("instance: the quota %s of %s has no name of its own", service.Type().Field(j).Name, service.Type()))
			}
			named[name] = service.Field(j).Addr().Interface().(*int)
		}
	}
	return named
}
