"""Ids of OWASP, MAESTRO, NIST, MITRE ATT&CK and ATLAS, with titles: what findings are mapped onto.

An id is namespaced, because the frameworks clash ("T3" is a threat of OWASP's, "T1078" a technique
of MITRE's): `NAMESPACE:id`. A subset: what a detector of identities can say something about.
Editions: ATT&CK Enterprise v19 (withdrawn ids left out), ATLAS content 2026.04, OWASP Agentic Top
10 of December 2025, its Threats and Mitigations v1.1, OWASP NHI Top 10 2025, MAESTRO v1 (February
2025), NIST AI RMF 1.0, NIST CSF 2.0.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.errors import NotFoundError

NAMESPACES: Mapping[str, str] = {
    "ATT&CK": "MITRE ATT&CK Enterprise v19",
    "ATLAS": "MITRE ATLAS 2026.04",
    "OWASP-ASI": "OWASP Top 10 for Agentic Applications 2026",
    "OWASP-AAI-TM-1.1": "OWASP Agentic AI Threats and Mitigations 1.1",
    "OWASP-NHI": "OWASP Non-Human Identities Top 10 2025",
    "MAESTRO": "CSA MAESTRO v1",
    "NIST-AI-RMF": "NIST AI Risk Management Framework 1.0",
    "NIST-CSF": "NIST Cybersecurity Framework 2.0",
}
"""What each namespace stands for, edition included."""

_ATTACK = {
    "T1021.007": "Remote Services: Cloud Services",
    "T1059.009": "Command and Scripting Interpreter: Cloud API",
    "T1069.003": "Permission Groups Discovery: Cloud Groups",
    "T1078": "Valid Accounts",
    "T1078.004": "Valid Accounts: Cloud Accounts",
    "T1087.004": "Account Discovery: Cloud Account",
    "T1098": "Account Manipulation",
    "T1098.001": "Account Manipulation: Additional Cloud Credentials",
    "T1098.003": "Account Manipulation: Additional Cloud Roles",
    "T1098.004": "Account Manipulation: SSH Authorized Keys",
    "T1098.006": "Account Manipulation: Additional Container Cluster Roles",
    "T1136.003": "Create Account: Cloud Account",
    "T1195.001": "Supply Chain Compromise: Compromise Software Dependencies and Development Tools",
    "T1199": "Trusted Relationship",
    "T1213.006": "Data from Information Repositories: Databases",
    "T1484.002": "Domain or Tenant Policy Modification: Trust Modification",
    "T1485": "Data Destruction",
    "T1496": "Resource Hijacking",
    "T1496.001": "Resource Hijacking: Compute Hijacking",
    "T1496.003": "Resource Hijacking: SMS Pumping",
    "T1496.004": "Resource Hijacking: Cloud Service Hijacking",
    "T1526": "Cloud Service Discovery",
    "T1528": "Steal Application Access Token",
    "T1530": "Data from Cloud Storage",
    "T1537": "Transfer Data to Cloud Account",
    "T1548.005": "Abuse Elevation Control Mechanism: Temporary Elevated Cloud Access",
    "T1550": "Use Alternate Authentication Material",
    "T1550.001": "Use Alternate Authentication Material: Application Access Token",
    "T1550.004": "Use Alternate Authentication Material: Web Session Cookie",
    "T1552": "Unsecured Credentials",
    "T1552.001": "Unsecured Credentials: Credentials In Files",
    "T1552.004": "Unsecured Credentials: Private Keys",
    "T1552.005": "Unsecured Credentials: Cloud Instance Metadata API",
    "T1552.007": "Unsecured Credentials: Container API",
    "T1555.006": "Credentials from Password Stores: Cloud Secrets Management Stores",
    "T1556.009": "Modify Authentication Process: Conditional Access Policies",
    "T1567": "Exfiltration Over Web Service",
    "T1578.005": "Modify Cloud Compute Infrastructure: Modify Cloud Compute Configurations",
    "T1580": "Cloud Infrastructure Discovery",
    "T1619": "Cloud Storage Object Discovery",
    "T1648": "Serverless Execution",
    "T1651": "Cloud Administration Command",
    "T1685": "Disable or Modify Tools",
    "T1685.002": "Disable or Modify Tools: Disable or Modify Cloud Log",
    "T1686.001": "Disable or Modify System Firewall: Cloud Firewall",
}

_ATLAS = {
    "AML.T0008.005": "Acquire Infrastructure: AI Service Proxies",
    "AML.T0012": "Valid Accounts",
    "AML.T0029": "Denial of AI Service",
    "AML.T0034": "Cost Harvesting",
    "AML.T0034.000": "Cost Harvesting: Excessive Queries",
    "AML.T0034.001": "Cost Harvesting: Resource-Intensive Queries",
    "AML.T0034.002": "Cost Harvesting: Agentic Resource Consumption",
    "AML.T0040": "AI Model Inference API Access",
    "AML.T0048.000": "External Harms: Financial Harm",
    "AML.T0051": "LLM Prompt Injection",
    "AML.T0051.000": "LLM Prompt Injection: Direct",
    "AML.T0051.001": "LLM Prompt Injection: Indirect",
    "AML.T0051.002": "LLM Prompt Injection: Triggered",
    "AML.T0053": "AI Agent Tool Invocation",
    "AML.T0055": "Unsecured Credentials",
    "AML.T0075": "Cloud Service Discovery",
    "AML.T0080": "AI Agent Context Poisoning",
    "AML.T0080.000": "AI Agent Context Poisoning: Memory",
    "AML.T0080.001": "AI Agent Context Poisoning: Thread",
    "AML.T0081": "Modify AI Agent Configuration",
    "AML.T0082": "RAG Credential Harvesting",
    "AML.T0083": "Credentials from AI Agent Configuration",
    "AML.T0084": "Discover AI Agent Configuration",
    "AML.T0084.000": "Discover AI Agent Configuration: Embedded Knowledge",
    "AML.T0084.001": "Discover AI Agent Configuration: Tool Definitions",
    "AML.T0084.002": "Discover AI Agent Configuration: Activation Triggers",
    "AML.T0084.003": "Discover AI Agent Configuration: Call Chains",
    "AML.T0085": "Data from AI Services",
    "AML.T0085.001": "Data from AI Services: AI Agent Tools",
    "AML.T0086": "Exfiltration via AI Agent Tool Invocation",
    "AML.T0091": "Use Alternate Authentication Material",
    "AML.T0091.000": "Use Alternate Authentication Material: Application Access Token",
    "AML.T0096": "AI Service API",
    "AML.T0098": "AI Agent Tool Credential Harvesting",
    "AML.T0099": "AI Agent Tool Data Poisoning",
    "AML.T0101": "Data Destruction via AI Agent Tool Invocation",
    "AML.T0103": "Deploy AI Agent",
    "AML.T0104": "Publish Poisoned AI Agent Tool",
    "AML.T0105": "Escape to Host",
    "AML.T0109": "AI Supply Chain Rug Pull",
    "AML.T0110": "AI Agent Tool Poisoning",
    "AML.T0112": "Machine Compromise",
    "AML.T0112.000": "Machine Compromise: Local AI Agent",
    "AML.M0024": "AI Telemetry Logging",
    "AML.M0026": "Privileged AI Agent Permissions Configuration",
    "AML.M0028": "AI Agent Tools Permissions Configuration",
    "AML.CS0030": "LLM Jacking",
}

_OWASP_ASI = {
    "ASI01": "Agent Goal Hijack",
    "ASI02": "Tool Misuse and Exploitation",
    "ASI03": "Identity and Privilege Abuse",
    "ASI04": "Agentic Supply Chain Vulnerabilities",
    "ASI05": "Unexpected Code Execution (RCE)",
    "ASI06": "Memory & Context Poisoning",
    "ASI07": "Insecure Inter-Agent Communication",
    "ASI08": "Cascading Failures",
    "ASI09": "Human-Agent Trust Exploitation",
    "ASI10": "Rogue Agents",
}

# OWASP's MAESTRO guide gives T16 and T17 other meanings: hence the edition in the namespace.
_OWASP_THREATS = {
    "T1": "Memory Poisoning",
    "T2": "Tool Misuse",
    "T3": "Privilege Compromise",
    "T4": "Resource Overload",
    "T5": "Cascading Hallucination Attacks",
    "T6": "Intent Breaking & Goal Manipulation",
    "T7": "Misaligned & Deceptive Behaviors",
    "T8": "Repudiation & Untraceability",
    "T9": "Identity Spoofing & Impersonation / Agent Identity Compromise",
    "T10": "Overwhelming Human in the Loop",
    "T11": "Unexpected RCE and Code Attacks",
    "T12": "Agent Communication Poisoning",
    "T13": "Rogue Agents in Multi-Agent Systems",
    "T14": "Human Attacks on Multi-Agent Systems",
    "T15": "Human Manipulation",
    "T16": "Insecure Inter-Agent Protocol Abuse",
    "T17": "Supply Chain Compromise",
}

_OWASP_NHI = {
    "NHI1:2025": "Improper Offboarding",
    "NHI2:2025": "Secret Leakage",
    "NHI3:2025": "Vulnerable Third-Party NHI",
    "NHI4:2025": "Insecure Authentication",
    "NHI5:2025": "Overprivileged NHI",
    "NHI6:2025": "Insecure Cloud Deployment Configurations",
    "NHI7:2025": "Long-Lived Secrets",
    "NHI8:2025": "Environment Isolation",
    "NHI9:2025": "NHI Reuse",
    "NHI10:2025": "Human Use of NHI",
}

_MAESTRO = {
    "L1": "Foundation Models",
    "L2": "Data Operations",
    "L3": "Agent Frameworks",
    "L4": "Deployment and Infrastructure",
    "L5": "Evaluation and Observability",
    "L6": "Security and Compliance",
    "L7": "Agent Ecosystem",
    "Cross-Layer": "Cross-Layer",
}

_NIST_AI_RMF = {
    "GOVERN 1.5": "Ongoing monitoring and periodic review are planned",
    "GOVERN 1.6": "Mechanisms are in place to inventory AI systems",
    "GOVERN 1.7": "AI systems are decommissioned and phased out safely",
    "GOVERN 2.1": "Roles, responsibilities and lines of communication are documented",
    "GOVERN 2.3": "Executive leadership takes responsibility for decisions about AI risks",
    "GOVERN 3.2": "Roles for human-AI configurations and oversight are defined",
    "GOVERN 4.3": "Testing, identification of incidents and information sharing are enabled",
    "GOVERN 6.1": "Risks of third-party entities are addressed",
    "GOVERN 6.2": "Contingency processes handle failures in third-party data or AI systems",
    "MANAGE 1.3": "Responses to high-priority AI risks are developed, planned and documented",
    "MANAGE 2.3": "Procedures respond to and recover from a previously unknown risk",
    "MANAGE 2.4": "Mechanisms supersede, disengage or deactivate AI systems",
    "MANAGE 3.1": "AI risks and benefits from third-party resources are monitored",
    "MANAGE 4.1": "Post-deployment monitoring plans are implemented",
    "MANAGE 4.3": "Incidents and errors are communicated and tracked",
    "MAP 1.1": "Intended purposes and contexts of use are understood and documented",
    "MAP 2.1": "The tasks and methods that the AI system supports are defined",
    "MAP 3.3": "The targeted application scope is specified and documented",
    "MAP 3.5": "Processes for human oversight are defined, assessed and documented",
    "MAP 4.1": "Technology and legal risks of components and third parties are mapped",
    "MAP 4.2": "Internal risk controls for components are identified and documented",
    "MEASURE 2.4": "Functionality and behaviour of the AI system are monitored in production",
    "MEASURE 2.6": "The AI system is evaluated regularly for safety risks",
    "MEASURE 2.7": "Security and resilience of the AI system are evaluated and documented",
    "MEASURE 2.8": "Risks of transparency and accountability are examined and documented",
    "MEASURE 3.1": "Existing, unanticipated and emergent AI risks are tracked",
    "MEASURE 4.3": "Improvements or declines in performance are identified from field data",
}

_NIST_CSF = {
    "GV.RR-02": "Roles, responsibilities and authorities are established and enforced",
    "GV.SC-05": "Supply-chain requirements are set and integrated into contracts",
    "ID.AM-02": "Inventories of software, services and systems are maintained",
    "ID.AM-03": "Representations of network communication and data flows are maintained",
    "ID.AM-04": "Inventories of services provided by suppliers are maintained",
    "ID.AM-05": "Assets are prioritized by classification, criticality and impact",
    "ID.AM-07": "Inventories of data and corresponding metadata are maintained",
    "ID.AM-08": "Systems, software, services and data are managed through their life cycles",
    "ID.RA-01": "Vulnerabilities in assets are identified, validated and recorded",
    "ID.RA-03": "Internal and external threats are identified and recorded",
    "ID.RA-05": "Threats, vulnerabilities, likelihoods and impacts inform risk response",
    "ID.RA-07": "Changes and exceptions are managed, assessed, recorded and tracked",
    "PR.AA-01": "Identities and credentials of users, services and hardware are managed",
    "PR.AA-02": "Identities are proofed and bound to credentials by context",
    "PR.AA-03": "Users, services and hardware are authenticated",
    "PR.AA-04": "Identity assertions are protected, conveyed and verified",
    "PR.AA-05": "Permissions follow a policy of least privilege and are enforced and reviewed",
    "PR.AA-06": "Physical access to assets is managed, monitored and enforced",
    "PR.IR-01": "Networks and environments are protected from unauthorized logical access",
    "PR.PS-04": "Log records are generated and available for continuous monitoring",
    "DE.CM-01": "Networks and network services are monitored",
    "DE.CM-02": "The physical environment is monitored",
    "DE.CM-03": "Personnel activity and technology usage are monitored",
    "DE.CM-06": "External service provider activities and services are monitored",
    "DE.CM-09": "Computing hardware, software, runtimes and their data are monitored",
    "DE.AE-02": "Potentially adverse events are analyzed",
    "DE.AE-03": "Information is correlated from multiple sources",
    "DE.AE-04": "The estimated impact and scope of adverse events are understood",
    "DE.AE-06": "Information on adverse events goes to authorized staff and tools",
    "DE.AE-07": "Threat intelligence and context are integrated into the analysis",
    "DE.AE-08": "Incidents are declared when events meet the defined criteria",
    "RS.AN-03": "Analysis establishes what has taken place and its root cause",
    "RS.AN-06": "Actions performed during an investigation are recorded and preserved",
    "RS.AN-07": "Incident data and metadata are collected, integrity preserved",
    "RS.AN-08": "An incident's magnitude is estimated and validated",
    "RS.MA-02": "Incident reports are triaged and validated",
    "RS.MA-03": "Incidents are categorized and prioritized",
    "RS.MI-01": "Incidents are contained",
}

TITLES: Mapping[str, str] = {
    f"{namespace}:{id_}": text
    for namespace, titles in (
        ("ATT&CK", _ATTACK),
        ("ATLAS", _ATLAS),
        ("OWASP-ASI", _OWASP_ASI),
        ("OWASP-AAI-TM-1.1", _OWASP_THREATS),
        ("OWASP-NHI", _OWASP_NHI),
        ("MAESTRO", _MAESTRO),
        ("NIST-AI-RMF", _NIST_AI_RMF),
        ("NIST-CSF", _NIST_CSF),
    )
    for id_, text in titles.items()
}
"""Title by namespaced id."""


def title(id_: str) -> str:
    """The title of a namespaced id such as "ATT&CK:T1078.004"."""
    if id_ not in TITLES:
        raise NotFoundError(
            f"expected an id of detectors.frameworks, such as ATT&CK:T1078.004, got {id_!r}"
        )
    return TITLES[id_]
