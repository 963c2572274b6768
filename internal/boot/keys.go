package boot

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/hutch-dev/hutch"
)

const masterFile = "master.key"

// secrets are the keys that everything else is derived from or sealed with.
type secrets struct {
	master [32]byte
	cursor [32]byte
	groups [32]byte
	made   string // master.key, where it was made just now
}

// masterKey reads HUTCH_MASTER_KEY, or master.key of the data folder, which is
// made with a new store.
func (a *App) masterKey() (s secrets, err error) {
	text, where := a.o.MasterKey.Reveal(), "HUTCH_MASTER_KEY"
	if text == "" {
		where = filepath.Join(a.o.DataDir, masterFile)
		var made bool
		if text, made, err = a.masterFile(where); err != nil {
			return s, err
		}
		if made {
			s.made = where
		}
	}
	if s.master, err = parseKey(text); err != nil {
		return s, hutch.Errorf(hutch.InvalidArgument, "%s is no key: 32 bytes as 64 hex digits or in base64", where)
	}
	for info, to := range map[string]*[32]byte{"hutch cursors": &s.cursor, "hutch live groups": &s.groups} {
		key, err := hkdf.Key(sha256.New, s.master[:], nil, info, len(to))
		if err != nil {
			return s, err
		}
		copy(to[:], key)
	}
	return s, nil
}

// otherKey explains a store that another key sealed. A key made for this start
// goes: the next one would take it for the app's.
func (a *App) otherKey(keys *secrets, err error) error {
	hint := "put the master.key of this store back, or set HUTCH_MASTER_KEY to it"
	if a.shared {
		hint = "all nodes of one store share the key: copy master.key of a node that runs, or set HUTCH_MASTER_KEY to what it holds"
	}
	if keys.made != "" {
		err = errors.Join(err, os.Remove(keys.made))
	}
	return hutch.Errorf(hutch.FailedPrecondition, "the store was sealed with another master key: %w", err).WithHint(hint)
}

// masterFile gives the text of master.key.
func (a *App) masterFile(path string) (key string, made bool, err error) {
	text, err := os.ReadFile(path)
	if err == nil {
		info, err := os.Stat(path)
		if err != nil {
			return "", false, err
		}
		if info.Mode().Perm()&0o077 != 0 {
			return "", false, hutch.Errorf(hutch.FailedPrecondition, "%s can be read by others", path).WithHint("chmod 600 " + path)
		}
		return string(text), false, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", false, fmt.Errorf("reading the master key: %w", err)
	}
	if old, err := os.ReadDir(filepath.Join(a.o.DataDir, storeFolder)); err == nil && len(old) > 0 {
		return "", false, hutch.Errorf(hutch.FailedPrecondition, "%s is missing, and the data was sealed with it", path).
			WithHint("put the file back, or set HUTCH_MASTER_KEY")
	}
	var secret [32]byte
	if _, err := io.ReadFull(a.o.Entropy, secret[:]); err != nil {
		return "", false, fmt.Errorf("making a master key: %w", err)
	}
	fresh := hex.EncodeToString(secret[:]) + "\n"
	return fresh, true, writeSynced(path, []byte(fresh))
}

// writeSynced writes a private file that is there, whole, after a power cut.
func writeSynced(path string, text []byte) error {
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func parseKey(text string) (key [32]byte, err error) {
	text = strings.TrimSpace(text)
	for _, decode := range []func(string) ([]byte, error){hex.DecodeString, base64.StdEncoding.DecodeString, base64.RawURLEncoding.DecodeString} {
		if b, err := decode(text); err == nil && len(b) == len(key) {
			return [32]byte(b), nil
		}
	}
	return key, errors.New("no key")
}
