package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func (c *cli) healthCommand() *cobra.Command {
	var f dataFlags
	cmd := &cobra.Command{
		Use: "health [dir]", Short: "Exit 0 when the app's server is ready", Example: "  hutch health", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := dir(args, 0)
			if err != nil {
				return err
			}
			folder, err := c.dataFolder(d, f.data)
			if err != nil {
				return err
			}
			return health(cmd.Context(), folder)
		},
	}
	f.add(cmd)
	return cmd
}

// health asks the server that uses the data folder.
func health(ctx context.Context, folder string) error {
	text, err := os.ReadFile(filepath.Join(folder, addressFile))
	if err != nil {
		return fmt.Errorf("no server uses %s", folder)
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSpace(string(text))+"/readyz", nil)
	if err != nil {
		return err
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: /readyz answers %d", resp.StatusCode)
	}
	return nil
}
