package config_test

import (
	"strings"
	"testing"
	"time"

	"broadsheet/internal/config"
)

func TestLeaving(t *testing.T) {
	dir := folder(t)
	usual := config.Leaving{BurstShare: 0.02, BurstLeast: 25, BurstWithin: 15 * time.Minute}
	if got := mustParse(t, dir, design(t)).Leaving; got != usual {
		t.Errorf("without a section: %+v, want %+v", got, usual)
	}
	got := mustParse(t, dir, design(t)+"\n[leaving]\ngoodbye_mail = true\nburst_share = 0\nburst_least = 5\nburst_within = \"1h\"\n").Leaving
	if want := (config.Leaving{GoodbyeMail: true, BurstLeast: 5, BurstWithin: time.Hour}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for setting, want := range map[string]string{
		"burst_share = 1.5":      "burst_share",
		"burst_least = 0":        "burst_least",
		`burst_within = "10s"`:   "burst_within",
		`goodbye_mail = "maybe"`: "goodbye_mail",
		"burst_shear = 1":        "burst_share",
	} {
		_, err := config.Parse("broadsheet.toml", []byte(design(t)+"\n[leaving]\n"+setting+"\n"), nil, config.Checks{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error that names %s", setting, err, want)
		}
	}
}
