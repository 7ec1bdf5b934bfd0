package admin

// RegionList lists regions.
type RegionList []RegionName

// ListRegionsRequest is the input of ListRegions.
type ListRegionsRequest struct{}

// ListRegionsResponse is the output of ListRegions.
type ListRegionsResponse struct {
	// The regions, in alphabetical order.
	Regions RegionList
}
