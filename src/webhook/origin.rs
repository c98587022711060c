//! The systems that send alerts.

/// The sender of an alert.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Alibaba Cloud ARMS, and everything that is sent through it.
    #[default]
    Arms,
    /// Prometheus Alertmanager itself.
    Alertmanager,
    /// Grafana.
    Grafana,
    /// Alibaba Cloud CloudMonitor, 1.0 and 2.0.
    CloudMonitor,
    /// Alibaba Cloud Log Service (SLS).
    LogService,
    /// Alibaba Cloud EventBridge.
    EventBridge,
    /// kube-eventer.
    KubeEventer,
}

impl Origin {
    /// The name that PagerDuty shows as the client.
    #[must_use]
    pub fn client(self) -> &'static str {
        match self {
            Self::Arms => "Alibaba Cloud ARMS",
            Self::Alertmanager => "Prometheus Alertmanager",
            Self::Grafana => "Grafana",
            Self::CloudMonitor => "Alibaba Cloud CloudMonitor",
            Self::LogService => "Alibaba Cloud Log Service",
            Self::EventBridge => "Alibaba Cloud EventBridge",
            Self::KubeEventer => "kube-eventer",
        }
    }

    /// The source of an alert that names none.
    #[must_use]
    pub fn source(self) -> &'static str {
        match self {
            Self::Arms => "ARMS",
            Self::Alertmanager => "Alertmanager",
            Self::Grafana => "Grafana",
            Self::CloudMonitor => "CloudMonitor",
            Self::LogService => "Log Service",
            Self::EventBridge => "EventBridge",
            Self::KubeEventer => "kube-eventer",
        }
    }
}
