// Package typo compares names that people have written with those that exist.
package typo

// Edits is how many bytes have to be put in, taken out or replaced to make one text
// of another: Levenshtein's distance. It takes time for each byte of a with each of
// b, so callers bound texts of strangers.
func Edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
