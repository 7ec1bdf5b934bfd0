package arn_test

import (
	"fmt"

	"github.com/daypass/daypass/internal/arn"
)

func Example() {
	role, err := arn.Parse("arn:aws:iam::111122223333:role/app/guest")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(role.Account, role.Resource)
	// Output: 111122223333 role/app/guest
}
