package sqlite

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// A process that is killed while 64 writers are at work has lost nothing that
// it acknowledged, and leaves nothing half done.
func TestKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	acknowledged := map[string]bool{}
	for round := range 3 {
		cmd := helper(t, "write", path)
		cmd.Env = append(cmd.Env, fmt.Sprint("STORE_TEST_ROUND=", round))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			acknowledged[lines.Text()] = true
			if n == 1000 {
				cmd.Process.Kill() // and read what it had still said
			}
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("the helper ended by itself")
		}
	}
	if len(acknowledged) < 3000 {
		t.Fatalf("only %d acknowledged", len(acknowledged))
	}
	db := openAt(t, path)
	checkWhole(t, db)
	present := map[string]bool{}
	for _, name := range names(t, db) {
		present[name] = true
	}
	lost := 0
	for name := range acknowledged {
		if !present[name] {
			lost++
		}
	}
	if lost > 0 {
		t.Errorf("%d of %d acknowledged are lost", lost, len(acknowledged))
	}
	t.Logf("%d acknowledged, %d present", len(acknowledged), len(present))
}

// helpWrite writes until it is killed, printing the name of each thing that was
// acknowledged.
func helpWrite(path string) error {
	db, err := open(context.Background(), Options{Path: path}, testSchema)
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			for j := 0; ; j++ {
				name := fmt.Sprintf("%d-%s-%d", i, os.Getenv("STORE_TEST_ROUND"), j)
				err := db.Update(context.Background(), func(tx *Tx) error {
					if err := add(name, 1)(tx); err != nil {
						return err
					}
					_, err := tx.Exec(insertPart, name, 1)
					return err
				})
				if err != nil {
					panic(err)
				}
				fmt.Println(name)
			}
		})
	}
	wg.Wait()
	return nil
}
