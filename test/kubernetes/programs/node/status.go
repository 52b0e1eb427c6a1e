package main

import (
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// status is what the API server is told about the pod.
func (p *pod) status() core.PodStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	status := core.PodStatus{
		HostIP: p.pods.network.nodeIP.String(), StartTime: &p.startedAt, QOSClass: p.object.Status.QOSClass,
		ObservedGeneration: p.object.Generation,
	}
	status.HostIPs = []core.HostIP{{IP: status.HostIP}}
	if p.object.Status.Phase == core.PodSucceeded || p.object.Status.Phase == core.PodFailed {
		return *p.object.Status.DeepCopy()
	}
	if p.ip.IsValid() {
		status.PodIP = p.ip.String()
		status.PodIPs = []core.PodIP{{IP: status.PodIP}}
	}
	for _, c := range p.inits {
		status.InitContainerStatuses = append(status.InitContainerStatuses, p.containerStatus(c))
	}
	for _, c := range p.main {
		status.ContainerStatuses = append(status.ContainerStatuses, p.containerStatus(c))
	}
	status.Phase = p.phase(status)
	ended := status.Phase == core.PodSucceeded || status.Phase == core.PodFailed
	ready := p.initialized && !ended
	for _, c := range status.ContainerStatuses {
		ready = ready && c.Ready
	}
	reason := ""
	switch {
	case status.Phase == core.PodSucceeded:
		reason = "PodCompleted"
	case status.Phase == core.PodFailed:
		reason = "PodFailed"
	case !ready:
		reason = "ContainersNotReady"
	}
	status.Conditions = []core.PodCondition{
		p.condition(core.PodReadyToStartContainers, p.ip.IsValid() && !ended, ""),
		p.condition(core.PodInitialized, p.initialized, ""),
		p.condition(core.ContainersReady, ready, reason),
		p.condition(core.PodReady, ready, reason),
		p.condition(core.PodScheduled, true, ""),
	}
	return status
}

func (p *pod) containerStatus(c *container) core.ContainerStatus {
	status := c.status()
	if p.problem != "" {
		status.State = core.ContainerState{Waiting: &core.ContainerStateWaiting{Reason: "CreateContainerConfigError", Message: p.problem}}
	}
	return status
}

// phase follows the API's definition: Succeeded and Failed only when no container will run again.
func (p *pod) phase(status core.PodStatus) core.PodPhase {
	for i, c := range p.inits {
		terminated := status.InitContainerStatuses[i].State.Terminated
		sidecar := c.spec.RestartPolicy != nil && *c.spec.RestartPolicy == core.ContainerRestartPolicyAlways
		if !sidecar && terminated != nil && terminated.ExitCode != 0 && p.hasEnded() {
			return core.PodFailed
		}
	}
	started, terminated, failed := 0, 0, 0
	for _, c := range status.ContainerStatuses {
		if c.State.Running != nil || c.State.Terminated != nil || c.LastTerminationState.Terminated != nil {
			started++
		}
		if c.State.Terminated != nil {
			terminated++
			if c.State.Terminated.ExitCode != 0 {
				failed++
			}
		}
	}
	switch {
	case p.hasEnded() && terminated == len(status.ContainerStatuses) && failed == 0:
		return core.PodSucceeded
	case p.hasEnded() && p.problem == "":
		return core.PodFailed
	case started > 0:
		return core.PodRunning
	default:
		return core.PodPending
	}
}

func (p *pod) hasEnded() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// condition keeps the time of the last change.
func (p *pod) condition(kind core.PodConditionType, is bool, reason string) core.PodCondition {
	condition := core.PodCondition{
		Type: kind, Status: core.ConditionFalse, Reason: reason, LastTransitionTime: meta.Now(), ObservedGeneration: p.object.Generation,
	}
	if is {
		condition.Status, condition.Reason = core.ConditionTrue, ""
	}
	if before, ok := p.conditions[kind]; ok && before.Status == condition.Status {
		condition.LastTransitionTime = before.LastTransitionTime
	}
	p.conditions[kind] = condition
	return condition
}
