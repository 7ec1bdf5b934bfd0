package openid

import (
	"strconv"
	"strings"
)

// maxRegion is the greatest length of a region name: an identity pool id,
// REGION:GUID, has at most 55 characters, 37 of which are not the region.
const maxRegion = 18

// ValidRegion reports whether s looks like the name of an AWS region: an area
// of two to four lower-case letters, maybe a partition of two to four, a
// direction and a number from 1 to 99, joined by hyphens, 18 characters at most:
// us-east-1, us-gov-west-1, eusc-de-east-1. Regions become key ids, so whatever
// makes keys, or labels of a metric, from a region asks here first.
func ValidRegion(s string) bool {
	if len(s) > maxRegion {
		return false
	}
	place, number, _ := cutLast(s)
	place, direction, _ := cutLast(place)
	area, partition, some := strings.Cut(place, "-")
	return isNumber(number, 2) && isDirection(direction) &&
		isWord(area) && (!some || isWord(partition))
}

// cutLast cuts s at its last hyphen.
func cutLast(s string) (before, after string, found bool) {
	i := strings.LastIndexByte(s, '-')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

func isWord(s string) bool {
	for i := range len(s) {
		if s[i] < 'a' || s[i] > 'z' {
			return false
		}
	}
	return 2 <= len(s) && len(s) <= 4
}

func isDirection(s string) bool {
	switch s {
	case "central", "north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest":
		return true
	}
	return false
}

// isNumber reports whether s is a decimal number above zero in its shortest
// form, with at most limit digits.
func isNumber(s string, limit int) bool {
	if len(s) < 1 || len(s) > limit || s[0] == '0' {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// formatKID returns the key id of a region's key, in AWS's newer form.
func formatKID(region string, number int) string {
	return region + "-" + strconv.Itoa(number)
}

// parseKID is the reverse of formatKID, and false for anything that formatKID
// does not return for a valid region.
func parseKID(kid string) (region string, number int, ok bool) {
	region, digits, _ := cutLast(kid)
	if !isNumber(digits, 9) || !ValidRegion(region) {
		return "", 0, false
	}
	number, err := strconv.Atoi(digits)
	return region, number, err == nil
}
