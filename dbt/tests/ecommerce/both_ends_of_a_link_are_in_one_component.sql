-- The labels of the identity graph are done: no link leads out of its component.
select links.link_id
from {{ ref('int_ecommerce__identity_links') }} as links
inner join {{ ref('id_graph') }} as a on a.node = links.node
inner join {{ ref('id_graph') }} as b on b.node = links.other_node
where a.component <> b.component
