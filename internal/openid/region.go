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

// AWSRegions are the regions of AWS, those of the partitions that anybody can
// read about ("AWS Regions" in the AWS Regions and Availability Zones guide, and
// those of GovCloud, China and the European Sovereign Cloud).
func AWSRegions() []string { return strings.Fields(awsRegions) }

const awsRegions = `
	af-south-1
	ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2
	ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7
	ca-central-1 ca-west-1
	cn-north-1 cn-northwest-1
	eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3
	eusc-de-east-1
	il-central-1
	me-central-1 me-south-1
	mx-central-1
	sa-east-1
	us-east-1 us-east-2 us-gov-east-1 us-gov-west-1 us-west-1 us-west-2`

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
