package claudemesh

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Queues are work that one consumer takes at a time. Names may begin with `queue:`. All but sending needs the link to
// the broker.
type Queues struct{ client *Client }

// List is all queues that this member may know of.
func (q Queues) List(ctx context.Context) ([]Queue, error) {
	return items[Queue](ctx, q.client, "/v1/queues")
}

// Create makes a queue. `deliveriesMax` is after how many deliveries a message that nobody acknowledged is a dead
// letter; 0 for the default. It is not repeated by itself.
func (q Queues) Create(ctx context.Context, name string, deliveriesMax int) (*Queue, error) {
	body := struct {
		Name          string `json:"name"`
		DeliveriesMax int    `json:"deliveries_max,omitempty"`
	}{trimSign(name, queueSign), deliveriesMax}
	return post[Queue](ctx, q.client, "/v1/queues", body, false)
}

// Show is one queue.
func (q Queues) Show(ctx context.Context, name string) (*Queue, error) {
	return get[Queue](ctx, q.client, queuePath(name, ""), nil)
}

// Delete ends a queue. By force also what nobody has acknowledged is given up; its senders are told. It is not repeated
// by itself.
func (q Queues) Delete(ctx context.Context, name string, force bool) error {
	body := struct {
		Force bool `json:"force,omitempty"`
	}{force}
	return q.client.call(ctx, request{method: http.MethodPost, path: queuePath(name, "/delete"), body: body}, nil)
}

// Claim takes messages under a lease; none when nothing came within WaitS. It is not repeated by itself: what a lost
// answer held comes again once its lease is over.
func (q Queues) Claim(ctx context.Context, name string, claim QueueClaim) ([]ClaimedMessage, error) {
	answer, err := answerOf[struct {
		Items []ClaimedMessage `json:"items"`
	}](ctx, q.client, request{
		method:  http.MethodPost,
		path:    queuePath(name, "/claim"),
		body:    claim,
		timeout: defaultTimeout + time.Duration(claim.WaitS)*time.Second,
	})
	if err != nil {
		return nil, err
	}
	if answer.Items == nil {
		return nil, withoutList()
	}
	return answer.Items, nil
}

// Ack says that the message is done with. Once the lease is over it is lease_lost.
func (q Queues) Ack(ctx context.Context, name, leaseID string) (*LeaseEnded, error) {
	return post[LeaseEnded](ctx, q.client, queuePath(name, "/ack"), leased{LeaseID: leaseID}, true)
}

// Nack gives a message back. It is not repeated by itself.
func (q Queues) Nack(ctx context.Context, name, leaseID string, nack QueueNack) (*LeaseEnded, error) {
	body := struct {
		leased
		QueueNack
	}{leased{leaseID}, nack}
	return post[LeaseEnded](ctx, q.client, queuePath(name, "/nack"), body, false)
}

// QueueNack says what becomes of a message that is given back.
type QueueNack struct {
	// DelayS is for how many seconds nobody gets it.
	DelayS int64 `json:"delay_s,omitempty"`
	// Reason is shown with a dead letter.
	Reason string `json:"reason,omitempty"`
}

// Extend makes a lease end `leaseS` seconds from now; 0 for the default.
func (q Queues) Extend(ctx context.Context, name, leaseID string, leaseS int64) (*LeaseExtended, error) {
	body := struct {
		leased
		LeaseS int64 `json:"lease_s,omitempty"`
	}{leased{leaseID}, leaseS}
	return post[LeaseExtended](ctx, q.client, queuePath(name, "/extend"), body, true)
}

// Dead is a page of the dead letters.
func (q Queues) Dead(ctx context.Context, name string, options PageOptions) (*Page[DeadLetter], error) {
	return page[DeadLetter](ctx, q.client, queuePath(name, "/dead"), url.Values{}, options)
}

// Requeue makes dead letters ready again, by their history_id; nil for all of them. It answers how many. It is not
// repeated by itself.
func (q Queues) Requeue(ctx context.Context, name string, historyIDs []int64) (int64, error) {
	body := map[string]any{}
	if historyIDs != nil {
		body["history_ids"] = historyIDs
	}
	answer, err := post[struct {
		Requeued int64 `json:"requeued"`
	}](ctx, q.client, queuePath(name, "/requeue"), body, false)
	if err != nil {
		return 0, err
	}
	return answer.Requeued, nil
}

type leased struct {
	LeaseID string `json:"lease_id"`
}

const queueSign = "queue:"

func queuePath(name, part string) string { return "/v1/queues/" + segment(name, queueSign) + part }
