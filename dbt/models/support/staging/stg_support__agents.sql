{{ last_versions(
    'agents',
    key='agent_id',
    columns=['agent_id', 'first_name', 'last_name', 'email', 'team', 'supervisor_id', 'hired_on'],
) }}
