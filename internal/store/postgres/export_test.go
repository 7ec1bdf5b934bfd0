package postgres

// Within is for the tests outside of the package.
var Within = within
