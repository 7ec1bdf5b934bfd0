//go:build !unix

package bench

// readNow waits for something to come.
func (c *conn) readNow(b []byte) (int, error) { return c.Read(b) }
