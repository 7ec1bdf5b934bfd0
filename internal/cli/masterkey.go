package cli

import (
	"fmt"

	"github.com/daypass/daypass/internal/awsapi"
)

// showMasterKey shows which master key seals, and what becomes of the old one.
func showMasterKey(n awsapi.Node) (lines []string, well bool) {
	key := n.Member("MasterKey")
	if key == nil {
		return nil, true
	}
	is := func(name string) string { return memberText(*key, name) }
	where := "the servers are given it"
	if is("InDataDirectory") == "true" {
		where = "master.key in the data directory"
	}
	lines = append(lines, fmt.Sprintf("master key  %s (%s)", is("Fingerprint"), where))
	if next := is("NextFingerprint"); next != "" {
		lines = append(lines, fmt.Sprintf("next        %s, which %s of %s servers have", next, is("ServersWithNextKey"), is("Servers")))
	}
	old := is("ReplacedFingerprint")
	if old == "" {
		return lines, true
	}
	lines = append(lines, fmt.Sprintf("replaced    %s, at %s", old, is("ReplacedDate")))
	switch until := is("SessionsUntil"); {
	case until != "":
		lines = append(lines, "sessions    those of the replaced key are valid until "+until)
	default:
		lines = append(lines, "sessions    those of the replaced key are refused")
	}
	if is("FinishedDate") == "" {
		return append(lines, "sealing     goes on: keep both keys until it is done"), true
	}
	if is("InDataDirectory") == "true" {
		return append(lines, "sealing     done. The replaced key is in master.key."+old+": keep it for as long as you keep backups that were made with it."), true
	}
	return append(lines, "sealing     done. Start the servers with the new key alone. Keep the replaced key for as long as you keep backups that were made with it."), true
}
