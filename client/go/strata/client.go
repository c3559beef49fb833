// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

// Package strata calls a Strata server, which serves the hidden states of
// transformers.
//
//	client, err := strata.Dial("127.0.0.1:50051", strata.Options{})
//	if err != nil {
//		return err
//	}
//	defer client.Close()
//	reply, err := client.Encode(ctx, &stratav1.EncodeRequest{
//		Inputs:  []*stratav1.Input{strata.Text("The cat sat on the mat.")},
//		Outputs: []*stratav1.OutputSpec{{Layers: []int32{0, -1}}},
//	})
//	if err != nil {
//		return err
//	}
//	states, err := strata.Floats(reply.Encodings[0].Outputs[0].Tensor)
//	// states.Shape is [layers, pieces, width].
package strata

import (
	"context"
	"crypto/tls"
	"errors"
	"math"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	stratav1 "strata.example/client/go/strata/v1"
)

//go:generate ../generate.sh

// Options of a connection; the zero value is a connection without TLS and token
// whose calls are retried as DefaultRetryPolicy says.
type Options struct {
	// TLS encrypts; nil does not. RootCAs are the authorities that the server's
	// certificate may come from, Certificates what this client shows of itself.
	TLS *tls.Config
	// Token is sent with every call. Empty: none.
	Token string
	// TokenOnPlaintext lets the token travel unencrypted to another machine,
	// where it can be read on the way.
	TokenOnPlaintext bool
	// Retry says when a failed unary call is made again. nil: as
	// DefaultRetryPolicy.
	Retry *RetryPolicy
}

// Client has the methods of Strata's services (Encode, Tokenize, ListModels and
// the others, whose deadline is their context's) and EncodeAll. It is safe for
// concurrent use, over one connection.
type Client struct {
	stratav1.HiddenStateServiceClient
	stratav1.TokenizerServiceClient
	stratav1.ModelServiceClient

	connection *grpc.ClientConn
}

// Dial makes a client of the server at target, HOST:PORT or any gRPC target. It
// does not connect yet; the first call does.
func Dial(target string, options Options) (*Client, error) {
	retry := DefaultRetryPolicy
	if options.Retry != nil {
		retry = *options.Retry
	}
	dial := []grpc.DialOption{
		// Hidden states are large, and the server has limits of its own.
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(math.MaxInt32)),
		grpc.WithChainUnaryInterceptor(retry.intercept),
	}
	if options.TLS != nil {
		dial = append(dial, grpc.WithTransportCredentials(credentials.NewTLS(options.TLS)))
	} else {
		dial = append(dial, grpc.WithTransportCredentials(insecure.NewCredentials()))
	}
	if options.Token != "" {
		plaintext := options.TLS == nil
		if plaintext && !options.TokenOnPlaintext && !isLoopback(target) {
			return nil, errors.New("strata: the token could be read on the way to " +
				"another machine: set TLS, or TokenOnPlaintext")
		}
		dial = append(dial, grpc.WithPerRPCCredentials(bearer{options.Token, plaintext}))
	}
	connection, err := grpc.NewClient(target, dial...)
	if err != nil {
		return nil, err
	}
	return &Client{
		HiddenStateServiceClient: stratav1.NewHiddenStateServiceClient(connection),
		TokenizerServiceClient:   stratav1.NewTokenizerServiceClient(connection),
		ModelServiceClient:       stratav1.NewModelServiceClient(connection),
		connection:               connection,
	}, nil
}

// Close ends the connection; calls in flight are cancelled.
func (c *Client) Close() error { return c.connection.Close() }

// Models returns every version of every model, refused ones included.
func (c *Client) Models(ctx context.Context) ([]*stratav1.ModelSummary, error) {
	var models []*stratav1.ModelSummary
	request := &stratav1.ListModelsRequest{}
	for {
		page, err := c.ListModels(ctx, request)
		if err != nil {
			return nil, err
		}
		models = append(models, page.Models...)
		if page.NextPageToken == "" {
			return models, nil
		}
		request.PageToken = page.NextPageToken
	}
}

// Text is an input of one text.
func Text(text string) *stratav1.Input {
	return &stratav1.Input{Content: &stratav1.Input_Text{Text: text}}
}

// bearer sends a token with every call.
type bearer struct {
	token     string
	plaintext bool
}

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + b.token}, nil
}

func (b bearer) RequireTransportSecurity() bool { return !b.plaintext }

func isLoopback(target string) bool {
	host, _, err := net.SplitHostPort(target)
	return err == nil && (host == "localhost" || net.ParseIP(host).IsLoopback())
}
